/** Emoji of the picker by short code, in the order of display. Sent as characters, so every player of the chat shows them. */
export const emojis: readonly (readonly [code: string, emoji: string])[] = [
  ['smile', '😄'], ['joy', '😂'], ['rofl', '🤣'], ['wink', '😉'], ['blush', '😊'], ['heart_eyes', '😍'],
  ['kiss', '😘'], ['thinking', '🤔'], ['neutral', '😐'], ['smirk', '😏'], ['sad', '😢'], ['sob', '😭'],
  ['angry', '😠'], ['scream', '😱'], ['sleeping', '😴'], ['sweat', '😅'], ['cool', '😎'], ['nerd', '🤓'],
  ['party', '🥳'], ['mindblown', '🤯'], ['shrug', '🤷'], ['facepalm', '🤦'], ['wave', '👋'], ['clap', '👏'],
  ['thumbsup', '👍'], ['thumbsdown', '👎'], ['ok', '👌'], ['pray', '🙏'], ['muscle', '💪'], ['raised_hands', '🙌'],
  ['fist', '✊'], ['eyes', '👀'], ['heart', '❤️'], ['broken_heart', '💔'], ['hundred', '💯'], ['fire', '🔥'],
  ['star', '⭐'], ['sparkles', '✨'], ['tada', '🎉'], ['rocket', '🚀'], ['music', '🎵'], ['guitar', '🎸'],
  ['microphone', '🎤'], ['game', '🎮'], ['trophy', '🏆'], ['goal', '🥅'], ['football', '⚽'], ['basketball', '🏀'],
  ['check', '✅'], ['cross', '❌'], ['question', '❓'], ['warning', '⚠️'], ['coffee', '☕'], ['pizza', '🍕'],
  ['cake', '🎂'], ['dog', '🐶'], ['cat', '🐱'], ['unicorn', '🦄'], ['sun', '☀️'], ['rainbow', '🌈'],
];

const byCode = new Map(emojis);

/** Replaces short codes such as `:heart:`. Unknown ones stay as they are. */
export function replaceShortCodes(text: string): string {
  return text.replaceAll(/:([a-z_]{2,20}):/g, (whole, code: string) => byCode.get(code) ?? whole);
}
