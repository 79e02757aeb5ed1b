-- Puts a batch that is still this worker's back into the stream, at its end.
-- KEYS: batches   ARGV: ticket, me
if redis.call('EXISTS', KEYS[1]) == 0 then
  return {'no'}
end
local held = redis.call('XPENDING', KEYS[1], 'workers', ARGV[1], ARGV[1], 1)[1]
if not held or held[2] ~= ARGV[2] then
  return {'no'}
end
local batch = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1][2][2]
redis.call('XACK', KEYS[1], 'workers', ARGV[1])
redis.call('XDEL', KEYS[1], ARGV[1])
redis.call('XADD', KEYS[1], '*', 'batch', batch)
return {'yes'}
