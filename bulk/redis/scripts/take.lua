-- Gives a batch whose worker has let its lease run out, or else a new one.
-- KEYS: run, state, batches   ARGV: number of the run, me, lease in ms
local over = redis.call('HGET', KEYS[2], 'over')
if over then
  return {over}
end
if redis.call('EXISTS', KEYS[3]) == 0 then -- forgotten after the end, or lost by the server; then whoever leads begins again
  if tonumber(redis.call('GET', KEYS[1]) or '0') > tonumber(ARGV[1]) then
    return {'finished'}
  end
  return {'no'}
end
local late = redis.call('XPENDING', KEYS[3], 'workers', 'IDLE', ARGV[3], '-', '+', 1)[1]
if late then
  local entry = redis.call('XCLAIM', KEYS[3], 'workers', ARGV[2], ARGV[3], late[1])[1]
  return {'yes', entry[1], entry[2][2]}
end
local fresh = redis.call('XREADGROUP', 'GROUP', 'workers', ARGV[2], 'COUNT', 1, 'STREAMS', KEYS[3], '>')
if not fresh then
  return {'no'}
end
local entry = fresh[1][2][1]
return {'yes', entry[1], entry[2][2]}
