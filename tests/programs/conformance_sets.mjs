// The protocol's conformance suite against gate and transport, behind which the tools, prompts and
// resources are that its scenarios ask for.
//
//     conformance_sets.mjs URL       with ACCESS_TOKEN and KNOWN_AS set
//
// Rows: G1, G2, G3

import { prove } from "./pages.mjs";
import { applicable, given, judge, required, run, together } from "./suite.mjs";

const USAGE = "conformance_sets.mjs URL, with ACCESS_TOKEN and KNOWN_AS set";
const address = await given(USAGE);

// They want the server to ask the client something, on a stream of a session that is not there.
const ASKING = ["tools-call-sampling", "tools-call-elicitation"];
const ASKING_BY_SCHEMA = ["elicitation-sep1034-defaults", "elicitation-sep1330-enums"];
// A server without sessions is warned, and then not checked further.
const SESSIONS = ["server-sse-multiple-streams:server-sse-multiple-streams-session", "server-sse-polling:server-sse-polling-session"];

// What a revision requires, and what the suite has learnt to check since.
const NEWER = ["json-schema-2020-12", "http-header-validation", "http-custom-header-server-validation"];
const OLDER = ["json-schema-2020-12", "server-session-lifecycle", "server-sse-polling"];

async function newest() {
  const checks = await run(address, ["--requirements", "2026-07-28"]);
  judge("requirements 2026-07-28", checks, [...required("2026-07-28"), ...NEWER]);
}

async function before() {
  const checks = await run(address, ["--requirements", "2025-11-25"]);
  const exceptions = { failing: [...ASKING, ...ASKING_BY_SCHEMA], warning: SESSIONS };
  judge("requirements 2025-11-25", checks, [...required("2025-11-25"), ...OLDER], exceptions);
}

async function oldest() {
  const checks = await run(address, ["--suite", "all", "--spec-version", "2025-06-18"]);
  judge("all of 2025-06-18", checks, await applicable("2025-06-18"), { failing: ASKING });
}

prove(() => together([newest(), before(), oldest()]), 90);
