/** A change as the log tells it. */
export interface RecordedEvent {
  id: string
  vendor: string
  tenant: string
  type: string
  /** The id of what changed. */
  subject: string
  actor: string
  requestId: string | null
  /** What is to be known of the change; never a secret. */
  data: Record<string, unknown>
  createdAt: string
}
