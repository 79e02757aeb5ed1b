-- Joins the run that is under way, or begins the next one.
-- KEYS: run, state and leader of run ARGV[1]; state, batches, failures and leader of the run after it
-- ARGV: number of the run, feature and scoring fingerprint, milliseconds after which what is over is forgotten
local run = tonumber(redis.call('GET', KEYS[1]) or '0')
if run ~= tonumber(ARGV[1]) then
  return {'moved', run}
end
local state = redis.call('HMGET', KEYS[2], 'over', 'feature', 'scoring')
if state[2] and not state[1] then
  if state[2] == ARGV[2] and state[3] == ARGV[3] then
    return {'yes', run}
  end
  if redis.call('EXISTS', KEYS[3]) == 1 then
    return {'other', state[2]}
  end
  redis.call('HSET', KEYS[2], 'over', 'replaced')
  redis.call('PEXPIRE', KEYS[2], ARGV[4])
end
redis.call('DEL', KEYS[4], KEYS[5], KEYS[6], KEYS[7])
redis.call('HSET', KEYS[4], 'feature', ARGV[2], 'scoring', ARGV[3])
redis.call('XGROUP', 'CREATE', KEYS[5], 'workers', '0', 'MKSTREAM')
redis.call('SET', KEYS[1], run + 1)
return {'yes', run + 1}
