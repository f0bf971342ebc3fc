// Hostile HTTP as bytes, on raw sockets, against a server as an operator runs it: plain, and with TLS.

import { runPart } from '../part.ts'
import { besiege } from '../wire/besiege.ts'

await runPart(besiege)
