-- SPDX-License-Identifier: Apache-2.0
-- Health of a ServiceMeshController: resource.customizations.health.operator.gloo.solo.io_ServiceMeshController
local health = { status = "Progressing", message = "waiting for the operator" }
local status = obj.status
if status == nil or status.phase == nil then
  return health
end
if status.observedGeneration ~= obj.metadata.generation then
  health.message = "waiting for the operator to observe the change"
  return health
end
health.message = status.message
-- Argo CD from 3.6 on shows this while the resource is being deleted.
health.deletionMessage = status.message

if status.phase == "FAILED" or status.phase == "ABORTED" or status.phase == "DEGRADED" then
  health.status = "Degraded"
  return health
end
-- What waits for a person: for approval, for the end of a pause, until pods are out of the mesh.
local suspended = { ApprovalNeeded = true, Paused = true, WorkloadsEnrolled = true }
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Ready" and suspended[condition.reason] then
    health.status = "Suspended"
    return health
  end
end
if status.phase == "SUCCEEDED" then
  health.status = "Healthy"
end
return health
