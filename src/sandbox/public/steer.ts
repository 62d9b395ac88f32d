import { answer } from '../answer.ts';
import { halt } from '../halt.ts';
import { steer } from '../steering/run.ts';
import { chatSteering, completionView, lengthOf, MAX_PROMPT, type Message } from '../steering/views.ts';
import { refuseMessage, refuseUnknown } from './refusals.ts';
import { readAs } from './request.ts';
import { list, object, text, truth } from './shape.ts';
import { steerFeatures, steerFields } from './steer-fields.ts';
import type { Handler } from './world.ts';

const completion = object({ prompt: text({ max: MAX_PROMPT }), ...steerFields });

// "inference server says 400 (stream false)": its message is passed on.
function refuseAsUpstream(error: unknown): never {
  const { status, message } = error as { status?: unknown; message?: string };
  if (status === 400) halt(answer({ message }, 400));
  refuseUnknown();
}

/** `POST /api/steer`: "no key: fine", "bad key: treated as anonymous". */
export const steerCompletion: Handler = (call, world) => {
  const given = readAs(call, completion, ({ message }) => refuseMessage(400, message));
  const { prompt } = given;
  return steer({
    ...{ call, given, upstream: world.upstream, failed: refuseAsUpstream },
    features: steerFeatures(call, world, given),
    prompts: { STEERED: prompt, DEFAULT: prompt },
    view: completionView(call.remaining),
  });
};

const messages = list(object({ role: text(), content: text() }));

const chat = object({
  defaultChatMessages: messages,
  steeredChatMessages: messages,
  ...steerFields,
  steer_special_tokens: truth,
});

// "too long": recorded with 2,049 characters in each conversation.
function requireShort(conversation: readonly Message[]): void {
  if (lengthOf(conversation) <= MAX_PROMPT) return;
  const message =
    'Total conversation length exceeds the maximum number of characters allowed. ' +
    'Please click Reset to start a new conversation.';
  refuseMessage(400, message);
}

/** `POST /api/steer-chat`: like `/api/steer`, for conversations. Also shows the settings and the templated text. */
export const steerChat: Handler = (call, world) => {
  const given = readAs(call, chat, ({ message }) => refuseMessage(400, message));
  requireShort(given.defaultChatMessages);
  requireShort(given.steeredChatMessages);
  return steer({
    ...{ call, given, upstream: world.upstream, failed: refuseAsUpstream },
    features: steerFeatures(call, world, given),
    ...chatSteering(given, call.remaining),
  });
};
