-- Adds a batch and notes it, both or neither. The token tells an offer that is made again, because its answer got lost.
-- KEYS: state, batches, leader   ARGV: me, token, batch, last image, images, batches that may lie ready
if redis.call('GET', KEYS[3]) ~= ARGV[1] or redis.call('HEXISTS', KEYS[1], 'over') == 1 then
  return {'deposed'}
end
if redis.call('HGET', KEYS[1], 'token') == ARGV[2] then
  return {'yes'}
end
local held = redis.call('XPENDING', KEYS[2], 'workers')[1]
if redis.call('XLEN', KEYS[2]) - held >= tonumber(ARGV[6]) then
  return {'no'}
end
redis.call('XADD', KEYS[2], '*', 'batch', ARGV[3])
redis.call('HSET', KEYS[1], 'token', ARGV[2], 'last', ARGV[4])
redis.call('HINCRBY', KEYS[1], 'offered', ARGV[5])
return {'yes'}
