-- Leaves the job. A worker that still holds batches stays in the group: they would be lost with it.
-- KEYS: batches, leader   ARGV: me
if redis.call('GET', KEYS[2]) == ARGV[1] then
  redis.call('DEL', KEYS[2])
end
if redis.call('EXISTS', KEYS[1]) == 1 and #redis.call('XPENDING', KEYS[1], 'workers', '-', '+', 1, ARGV[1]) == 0 then
  redis.call('XGROUP', 'DELCONSUMER', KEYS[1], 'workers', ARGV[1])
end
return {'yes'}
