import { refuseMessage } from './refusals.ts';
import { readAs } from './request.ts';
import { list, object, text, truth } from './shape.ts';
import { steerFeatures, steerFields } from './steer-fields.ts';
import { steer } from './steer-run.ts';
import type { Handler } from './world.ts';

const MAX_PROMPT = 2048;

const completion = object({ prompt: text({ max: MAX_PROMPT }), ...steerFields });

/** `POST /api/steer`: "no key: fine", "bad key: treated as anonymous". */
export const steerCompletion: Handler = (call, world) => {
  const given = readAs(call, completion, ({ message }) => refuseMessage(400, message));
  const { prompt } = given;
  return steer({
    ...{ call, given, upstream: world.upstream },
    features: steerFeatures(call, world, given),
    prompts: { STEERED: prompt, DEFAULT: prompt },
    view: ({ STEERED, DEFAULT, id }, shareUrl) => {
      const logProbs = { steeredLogProbs: null, defaultLogProbs: null };
      return { STEERED, DEFAULT, ...logProbs, id, shareUrl, limit: call.remaining };
    },
  });
};

const messages = list(object({ role: text(), content: text() }));

const chat = object({
  defaultChatMessages: messages,
  steeredChatMessages: messages,
  ...steerFields,
  steer_special_tokens: truth,
});

type Messages = ReturnType<typeof messages>;

// The recording's model has Gemma's template; its assistant is called model.
function template(conversation: Messages): string {
  const turns = conversation.map(({ role, content }) => {
    const speaker = role === 'assistant' ? 'model' : role;
    return `<start_of_turn>${speaker}\n${content}<end_of_turn>\n`;
  });
  return `${turns.join('')}<start_of_turn>model\n`;
}

function chatView(conversation: Messages, said: string | null) {
  if (said === null) return null;
  const chatTemplate = [...conversation, { content: said, role: 'assistant' }];
  return { raw: template(conversation) + said, chatTemplate, logprobs: null };
}

// "too long": 2,049 characters in both conversations.
function requireShort(conversation: Messages): void {
  const length = conversation.reduce((sum, { content }) => sum + content.length, 0);
  if (length <= MAX_PROMPT) return;
  const message =
    'Total conversation length exceeds the maximum number of characters allowed. ' +
    'Please click Reset to start a new conversation.';
  refuseMessage(400, message);
}

/** `POST /api/steer-chat`: as steer, for conversations; its frames show their settings and the templated text. */
export const steerChat: Handler = (call, world) => {
  const given = readAs(call, chat, ({ message }) => refuseMessage(400, message));
  const { defaultChatMessages: plain, steeredChatMessages: steered } = given;
  requireShort(plain);
  requireShort(steered);
  const { temperature, n_tokens, freq_penalty, seed, strength_multiplier, steer_special_tokens, steer_method } = given;
  const numbers = { temperature, n_tokens, freq_penalty, seed, strength_multiplier };
  const settings = { ...numbers, steer_special_tokens, steer_method };
  return steer({
    ...{ call, given, upstream: world.upstream },
    features: steerFeatures(call, world, given),
    prompts: { STEERED: template(steered), DEFAULT: template(plain) },
    view: ({ STEERED, DEFAULT, id }, shareUrl) => {
      const said = { STEERED: chatView(steered, STEERED), DEFAULT: chatView(plain, DEFAULT) };
      return { ...said, id, shareUrl, limit: call.remaining, settings };
    },
  });
};
