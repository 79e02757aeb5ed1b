-- Reads the counts, the image that was offered last, and the failures where ARGV[1] is 'failures'.
-- KEYS: state, failures
local state = redis.call('HMGET', KEYS[1], 'offered', 'done', 'failed', 'last')
local failures = {}
if ARGV[1] == 'failures' then
  failures = redis.call('HGETALL', KEYS[2])
end
return {'yes', tonumber(state[1] or 0), tonumber(state[2] or 0), tonumber(state[3] or 0), state[4] or '', failures}
