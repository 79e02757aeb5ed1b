-- Takes a batch off and counts it, both or neither; the first one counts.
-- KEYS: state, batches, failures   ARGV: ticket, images, then image and failure in turn
if redis.call('XACK', KEYS[2], 'workers', ARGV[1]) == 0 then
  return {'no'}
end
redis.call('XDEL', KEYS[2], ARGV[1])
redis.call('HINCRBY', KEYS[1], 'done', ARGV[2])
for i = 3, #ARGV, 2 do
  redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1])
end
redis.call('HSET', KEYS[1], 'failed', redis.call('HLEN', KEYS[3]))
return {'yes'}
