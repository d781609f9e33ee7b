-- What `load` asks of the sandbox: 95 reads in 100, the rest writes that change something each time.
-- Called by wrk; TOKEN and SUBSCRIPTION come from the environment. Counts every answer that is no 200 or 201.

local subscription = "/subscriptions/" .. os.getenv("SUBSCRIPTION")
local group = subscription .. "/resourceGroups/load-%d"
local identity = group .. "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/load-identity"
local namespace = group .. "/providers/Microsoft.DeviceRegistry/namespaces/load-space"
local hub = subscription .. "/resourceGroups/load-1/providers/Microsoft.Devices/IotHubs/load-hub"
local groups = 20

local reads = {
  function(n) return group:format(n) .. "?api-version=2025-04-01" end,
  function() return subscription .. "/resourcegroups?api-version=2025-04-01" end,
  function(n) return identity:format(n) .. "?api-version=2023-01-31" end,
  function() return subscription .. "/resources?api-version=2025-04-01" end,
  function(n) return namespace:format(n) .. "?api-version=2025-11-01-preview" end,
  function() return hub .. "?api-version=2025-08-01-preview" end,
  function() return subscription .. "/providers/Microsoft.Devices?api-version=2025-04-01" end,
}
local place = '{"location":"eastus2","tags":{"turn":"%d"}%s}'
local writes = {
  function(n, turn) return group:format(n) .. "?api-version=2025-04-01", place:format(turn, "") end,
  function(n, turn) return identity:format(n) .. "?api-version=2023-01-31", place:format(turn, "") end,
  function(n, turn)
    local who = ',"identity":{"type":"SystemAssigned"}'
    return namespace:format(n) .. "?api-version=2025-11-01-preview", place:format(turn, who)
  end,
  function(_, turn)
    local rest = ',"sku":{"name":"S1","capacity":1},"properties":{"eventHubEndpoints":{"events":{"partitionCount":4}}}'
    return hub .. "?api-version=2025-08-01-preview", place:format(turn, rest)
  end,
}

local threads = {}
function setup(thread)
  thread:set("id", #threads + 1)
  table.insert(threads, thread)
end

function init()
  math.randomseed(id)
  turn, wrong, first_wrong = 0, 0, ""
  wrk.headers["Host"] = "management.azure.com"
  wrk.headers["Authorization"] = "Bearer " .. os.getenv("TOKEN")
end

function request()
  turn = turn + 1
  local n = math.random(groups)
  if turn % 20 ~= 0 then return wrk.format("GET", reads[math.random(#reads)](n)) end
  local path, body = writes[math.random(#writes)](n, turn)
  local headers = { ["Content-Type"] = "application/json", ["If-Match"] = "*" }
  for name, value in pairs(wrk.headers) do headers[name] = value end
  return wrk.format("PUT", path, headers, body)
end

function response(status, _, body)
  if status ~= 200 and status ~= 201 then
    wrong = wrong + 1
    if first_wrong == "" then first_wrong = status .. " " .. body end
  end
end

function done(summary, latency)
  local wrong = 0
  for _, thread in ipairs(threads) do
    wrong = wrong + thread:get("wrong")
    if thread:get("first_wrong") ~= "" then print("wrong: " .. thread:get("first_wrong")) end
  end
  local errors = summary.errors
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  print(("answers %d, of them wrong %d, broken %d; %d a second; p50 %.2f ms, p99 %.2f ms"):format(
    summary.requests, wrong, broken, summary.requests / (summary.duration / 1e6),
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
