-- Ends the job. What others may still ask for is forgotten later.
-- KEYS: run, state, batches, failures, leader   ARGV: me, milliseconds after which it is forgotten
if redis.call('GET', KEYS[5]) ~= ARGV[1] or redis.call('HGET', KEYS[2], 'over') == 'replaced' then
  return {'deposed'}
end
redis.call('HSET', KEYS[2], 'over', 'finished')
redis.call('DEL', KEYS[3])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
redis.call('PEXPIRE', KEYS[4], ARGV[2])
return {'yes'}
