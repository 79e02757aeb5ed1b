-- Leads, or goes on leading, for one lease. A server that has lost everything is told of the job again: the next round of
-- the leader finds what is missing.
-- KEYS: run, state, batches, failures, leader   ARGV: number of the run, me, lease in ms, feature, scoring
if redis.call('HEXISTS', KEYS[2], 'over') == 1 then
  return {'no'}
end
if redis.call('EXISTS', KEYS[2]) == 0 then
  if tonumber(redis.call('GET', KEYS[1]) or '0') > tonumber(ARGV[1]) then
    return {'no'}
  end
  redis.call('DEL', KEYS[3], KEYS[4], KEYS[5])
  redis.call('HSET', KEYS[2], 'feature', ARGV[4], 'scoring', ARGV[5])
  redis.call('XGROUP', 'CREATE', KEYS[3], 'workers', '0', 'MKSTREAM')
  redis.call('SET', KEYS[1], ARGV[1])
end
local leader = redis.call('GET', KEYS[5])
if leader and leader ~= ARGV[2] then
  return {'no'}
end
redis.call('SET', KEYS[5], ARGV[2], 'PX', ARGV[3])
return {'yes'}
