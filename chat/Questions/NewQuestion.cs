using Broadcast.Chat.Messages;
using Broadcast.Media;

namespace Broadcast.Chat.Questions;

/// <summary>A question to the hosts.</summary>
/// <param name="Identity">Id of the participant.</param>
/// <param name="Id">Id of the question.</param>
/// <param name="Name">Displayed name.</param>
/// <param name="Text">The text, cleaned.</param>
/// <param name="MediaTime">Program date-time that the sender was watching.</param>
/// <param name="SentAt">Time of receipt.</param>
internal sealed record NewQuestion(Ulid Identity, Ulid Id, string Name, string Text, DateTimeOffset MediaTime, DateTimeOffset SentAt)
    : Submission(Identity, SentAt)
{
    /// <inheritdoc/>
    public override string? Content => Text;
}

/// <summary>A vote for a question.</summary>
/// <param name="Identity">Id of the participant.</param>
/// <param name="Question">Id of the question.</param>
/// <param name="SentAt">Time of receipt.</param>
internal sealed record NewQuestionVote(Ulid Identity, Ulid Question, DateTimeOffset SentAt) : Submission(Identity, SentAt);
