using Broadcast.Chat.Messages;
using Broadcast.Media;

namespace Broadcast.Chat.Polls;

/// <summary>A vote in a poll.</summary>
/// <param name="Identity">Id of the participant.</param>
/// <param name="Poll">Id of the poll.</param>
/// <param name="Choice">Index of the option, from 0.</param>
/// <param name="SentAt">Time of receipt.</param>
internal sealed record NewVote(Ulid Identity, Ulid Poll, int Choice, DateTimeOffset SentAt) : Submission(Identity, SentAt);
