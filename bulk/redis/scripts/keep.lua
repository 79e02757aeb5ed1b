-- Prolongs the lease of a batch that is still this worker's.
-- KEYS: batches   ARGV: ticket, me
if redis.call('EXISTS', KEYS[1]) == 0 then
  return {'no'}
end
local held = redis.call('XPENDING', KEYS[1], 'workers', ARGV[1], ARGV[1], 1)[1]
if not held or held[2] ~= ARGV[2] then
  return {'no'}
end
redis.call('XCLAIM', KEYS[1], 'workers', ARGV[2], 0, ARGV[1], 'JUSTID')
return {'yes'}
