import type { SteerSettings } from './request.ts';
import type { Steering } from './run.ts';

/** The longest prompt, and the longest conversation, in characters. */
export const MAX_PROMPT = 2048;

/** One message of a conversation. */
export interface Message {
  role: string;
  content: string;
}

/** Returns the view of a completed prompt, for answers and frames. `limit` is what is left of the caller's window. */
export function completionView(limit: string | null): Steering['view'] {
  return ({ STEERED, DEFAULT, id }, shareUrl) => {
    const logProbs = { steeredLogProbs: null, defaultLogProbs: null };
    return { STEERED, DEFAULT, ...logProbs, id, shareUrl, limit };
  };
}

// The recorded model has Gemma's template, which calls the assistant `model`.
function template(conversation: readonly Message[]): string {
  const turns = conversation.map(({ role, content }) => {
    const speaker = role === 'assistant' ? 'model' : role;
    return `<start_of_turn>${speaker}\n${content}<end_of_turn>\n`;
  });
  return `${turns.join('')}<start_of_turn>model\n`;
}

function chatSide(conversation: readonly Message[], said: string | null) {
  if (said === null) return null;
  const chatTemplate = [...conversation, { content: said, role: 'assistant' }];
  return { raw: template(conversation) + said, chatTemplate, logprobs: null };
}

/** A steering request about two conversations. */
export interface ChatRequest extends SteerSettings {
  defaultChatMessages: Message[];
  steeredChatMessages: Message[];
  steer_special_tokens: boolean;
}

/** Returns the prompts and the view of a chat. The view holds the settings and both conversations in the template. */
export function chatSteering(given: ChatRequest, limit: string | null): Pick<Steering, 'prompts' | 'view'> {
  const { defaultChatMessages: plain, steeredChatMessages: steered } = given;
  const { temperature, n_tokens, freq_penalty, seed, strength_multiplier, steer_special_tokens, steer_method } = given;
  const numbers = { temperature, n_tokens, freq_penalty, seed, strength_multiplier };
  const settings = { ...numbers, steer_special_tokens, steer_method };
  return {
    prompts: { STEERED: template(steered), DEFAULT: template(plain) },
    view: ({ STEERED, DEFAULT, id }, shareUrl) => {
      const said = { STEERED: chatSide(steered, STEERED), DEFAULT: chatSide(plain, DEFAULT) };
      return { ...said, id, shareUrl, limit, settings };
    },
  };
}

/** Counts the characters of a conversation. */
export function lengthOf(conversation: readonly Message[]): number {
  return conversation.reduce((sum, { content }) => sum + content.length, 0);
}
