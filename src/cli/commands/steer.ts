import { type Steered, steer } from '../../api/steer.ts';
import type { Completions, SteerRequest } from '../../api/steer-request.ts';
import { AppError, isAway } from '../../errors.ts';
import { closeAfter } from '../../library/close-after.ts';
import type { CommandContext } from '../context.ts';
import { openSession, type Session } from '../session.ts';
import { withSpinner } from '../spinner.ts';
import { parseDirections, readDirections, readPrompt, type SteeringDirection, steerRequest } from '../steer-input.ts';
import { openSteerView } from '../steer-view.ts';

/** `steer ID…`: completes a prompt twice, with and without directions; needs a key only if the server does. */
export function run(context: CommandContext): Promise<number> {
  const { args, options, out, stop } = context;
  const typed = parseDirections(args);
  if (options.specialTokens === false && !options.chat) {
    throw new AppError('usage', '--no-special-tokens is about the template of a chat', { hints: ['add --chat'] });
  }
  return closeAfter(async (own) => {
    const prompt = await readPrompt(context);
    const session = own(await openSession(context, context.args));
    const http = own(session.open());
    let latest: Completions = { plain: null, steered: null };
    let request: SteerRequest | undefined;
    let directions: readonly SteeringDirection[] = [];
    try {
      directions = await withSpinner(out, 'reading what to steer with', () =>
        readDirections(http, session.name, context, typed),
      );
      request = steerRequest(context, directions, prompt);
      tellDirections(context, session, directions);
      const answer = await show(context, (onProgress) =>
        steer(http, request as SteerRequest, {
          stream: options.stream ?? true,
          signal: stop,
          onProgress: (now) => {
            latest = now;
            onProgress(now);
          },
        }),
      );
      tellAnswer(context, session, answer);
      out.document({ ...documentOf(session, directions, request), status: 'done', ...answerFields(session, answer) });
      return 0;
    } catch (error) {
      if (!stop.aborted) throw explained(error, directions);
      const begun = request ? documentOf(session, directions, request) : { type: 'steer' };
      out.document({ ...begun, status: 'interrupted', default: latest.plain, steered: latest.steered });
      return 0;
    }
  });
}

/** Shows the texts as they arrive. If they are cut off, leaves on a terminal what there is of them. */
async function show(
  { out }: CommandContext,
  work: (onProgress: (completions: Completions) => void) => Promise<Steered>,
): Promise<Steered> {
  const view = openSteerView(out);
  let latest: Completions = { plain: null, steered: null };
  const update = (now: Completions) => {
    latest = now;
    view.update(now);
  };
  update(latest);
  try {
    const answer = await (out.screen ? work(update) : withSpinner(out, 'steering', () => work(update)));
    view.finish(answer, true);
    return answer;
  } catch (error) {
    view.finish(latest, false);
    throw error;
  }
}

function tellDirections({ out }: CommandContext, session: Session, directions: readonly SteeringDirection[]): void {
  const from = { id: '', option: '', stored: ' (stored)', default: ' (default)' };
  for (const { id, strength, strengthFrom, feature } of directions) {
    const label = feature.vectorLabel ?? feature.name;
    out.note(
      `steer    ${session.idOrUrl(id)}, strength ${strength}${from[strengthFrom]}${label ? `, "${label}"` : ''}`,
    );
  }
}

/** With this few requests left, the next ones may be refused. */
const fewLeft = 20;

function tellAnswer({ out }: CommandContext, session: Session, { shareUrl, remaining, whole }: Steered): void {
  if (shareUrl !== undefined && !session.embedded) out.note(`shown at ${shareUrl}`);
  if (!whole) out.warn('the server did not say that these texts are finished');
  if (remaining !== undefined && remaining <= fewLeft) out.note(`${remaining} requests left within the hour`);
}

function documentOf(session: Session, directions: readonly SteeringDirection[], request: SteerRequest) {
  const { modelId, prompt, chat, features: _features, ...settings } = request;
  return {
    type: 'steer',
    model: modelId,
    prompt,
    features: directions.map(({ id, strength, strengthFrom, feature }) => ({
      id,
      url: session.idOrUrl(id),
      label: feature.vectorLabel ?? feature.name ?? null,
      strength,
      strengthFrom,
    })),
    settings: { ...settings, chat: chat !== undefined, ...(chat && { specialTokens: chat.specialTokens }) },
  };
}

function answerFields({ embedded }: Session, { plain, steered, id, shareUrl, remaining, whole }: Steered) {
  // The address of an embedded server is invalid once this command ends.
  return { default: plain, steered, id, ...(!embedded && { shareUrl }), remaining, whole };
}

/** Adds a hint if the server does not run the model: its errors do not say so, but its record of the feature does. */
function explained(error: unknown, directions: readonly SteeringDirection[]): unknown {
  const model = directions.find(({ feature }) => feature.model?.inferenceEnabled === false)?.model;
  if (model === undefined || !isAway(error)) return error;
  return error.with({ hints: [`the server says that it does not run ${model}: it cannot steer it`] });
}
