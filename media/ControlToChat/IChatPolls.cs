namespace Broadcast.Media.ControlToChat;

/// <summary>Option of a poll.</summary>
/// <param name="Text">The text.</param>
/// <param name="Votes">Number of votes.</param>
public sealed record ChatPollOption(string Text, long Votes);

/// <summary>A poll. Viewers see the newest one of the session that is not hidden.</summary>
/// <param name="Id">The id. Ids sort by time.</param>
/// <param name="Session">The session.</param>
/// <param name="Question">The question.</param>
/// <param name="Options">The options, with their votes.</param>
/// <param name="CreatedAt">Time of creation.</param>
public sealed record ChatPoll(string Id, string Session, string Question, IReadOnlyList<ChatPollOption> Options, DateTimeOffset CreatedAt)
{
    /// <summary>End of voting; <see langword="null"/> while there is none.</summary>
    public DateTimeOffset? EndsAt { get; init; }

    /// <summary>Time at which a moderator has hidden it.</summary>
    public DateTimeOffset? HiddenAt { get; init; }
}

/// <summary>A poll to create.</summary>
/// <param name="Question">The question, up to 500 characters.</param>
/// <param name="Options">2 to <see cref="MaxOptions"/> options of up to 100 characters.</param>
/// <param name="Duration">Time for voting, up to a day; <see langword="null"/> until a moderator ends it.</param>
public sealed record NewChatPoll(string? Question, IReadOnlyList<string>? Options, TimeSpan? Duration)
{
    /// <summary>Maximum number of options.</summary>
    public const int MaxOptions = 10;
}

/// <summary>State of a question.</summary>
public enum ChatQuestionState
{
    /// <summary>Waits for a moderator.</summary>
    Held,

    /// <summary>Hidden: its sender was muted.</summary>
    Muted,

    /// <summary>Waits for an answer. Viewers can vote for it.</summary>
    Open,

    /// <summary>The hosts have chosen it.</summary>
    Picked,

    /// <summary>The hosts have answered it.</summary>
    Answered,

    /// <summary>A moderator has removed it.</summary>
    Removed,
}

/// <summary>A question to the hosts.</summary>
/// <param name="Id">The id. Ids sort by time.</param>
/// <param name="Session">The session.</param>
/// <param name="Participant">Id of the participant.</param>
/// <param name="From">Id of the participant that everybody sees.</param>
/// <param name="Name">Displayed name.</param>
/// <param name="Text">The text.</param>
/// <param name="State">The state.</param>
/// <param name="Votes">Number of votes of other participants.</param>
/// <param name="MediaTime">Program date-time that the sender was watching.</param>
/// <param name="SentAt">Time of receipt.</param>
/// <param name="AnsweredAt">Program date-time at which the answer begins.</param>
public sealed record ChatQuestion(string Id, string Session, string Participant, string From, string Name, string Text,
    ChatQuestionState State, int Votes, DateTimeOffset MediaTime, DateTimeOffset SentAt, DateTimeOffset? AnsweredAt);

/// <summary>Polls and questions, for the hosts of a channel. Failures are those of <see cref="IChatModeration"/>.</summary>
public interface IChatPolls
{
    /// <summary>Creates a poll in the session on air. It replaces the poll that viewers see.</summary>
    Task<ChatPoll> CreateAsync(ChannelName channel, NewChatPoll poll, CancellationToken cancellationToken = default);

    /// <summary>Ends voting now, and, if requested, no longer shows the poll.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="poll">Id of the poll.</param>
    /// <param name="isHidden">Whether pages no longer show it.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<ChatPoll> EndAsync(ChannelName channel, string poll, bool isHidden, CancellationToken cancellationToken = default);

    /// <summary>Lists polls, newest first, up to 100.</summary>
    Task<IReadOnlyList<ChatPoll>> ListAsync(ChannelName channel, CancellationToken cancellationToken = default);

    /// <summary>Lists the questions of the newest session with chat, by votes, up to 500.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="state">Only questions in this state; <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<IReadOnlyList<ChatQuestion>> ListQuestionsAsync(ChannelName channel, ChatQuestionState? state,
        CancellationToken cancellationToken = default);

    /// <summary>Changes the state of a question.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="question">Id of the question.</param>
    /// <param name="state">The new state: open, picked, answered or removed.</param>
    /// <param name="answeredAt">Program date-time at which the answer begins; now when not given.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<ChatQuestion> ChangeQuestionAsync(ChannelName channel, string question, ChatQuestionState state, DateTimeOffset? answeredAt,
        CancellationToken cancellationToken = default);
}
