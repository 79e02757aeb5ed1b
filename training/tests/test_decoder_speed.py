"""What decoder_speed compares is the same function of its inputs."""

import numpy as np
import torch

from .. import decoder_speed


def test_every_form_gives_the_same_logits(tmp_path):
    with torch.no_grad():
        functions = decoder_speed.forms(decoder_speed.random_decoder(), 2, tmp_path)
        wanted = functions["pytorch_ordinary"]()
        assert wanted.shape == (decoder_speed.CANDIDATES, 2) and wanted.std() > 1e-3
        for name, function in functions.items():
            np.testing.assert_allclose(function(), wanted, atol=1e-4, err_msg=name)
