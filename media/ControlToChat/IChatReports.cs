namespace Broadcast.Media.ControlToChat;

/// <summary>Number of messages that were sent in a minute.</summary>
/// <param name="Minute">Beginning of the minute, by the time of receipt.</param>
/// <param name="Messages">Number of messages, with those that viewers do not see.</param>
public sealed record ChatMinuteCount(DateTimeOffset Minute, long Messages);

/// <summary>Number of messages of a participant.</summary>
/// <param name="Participant">Id of the participant.</param>
/// <param name="Name">Newest displayed name.</param>
/// <param name="Messages">Number of messages, with those that viewers do not see.</param>
public sealed record ChatParticipantCount(string Participant, string Name, long Messages);

/// <summary>Statistics of the chat of a session.</summary>
/// <param name="Session">The session; <see langword="null"/> when the channel has no chat yet, and all numbers are 0.</param>
public sealed record ChatStatistics(string? Session)
{
    /// <summary>Maximum number of minutes in <see cref="Minutes"/>: those of a day.</summary>
    public const int MaxMinutes = 1440;

    /// <summary>Maximum number of participants in <see cref="MostActive"/>.</summary>
    public const int MaxParticipants = 10;

    /// <summary>Number of participants who have written at least one message.</summary>
    public long Participants { get; init; }

    /// <summary>Number of messages by state, without announcements.</summary>
    public IReadOnlyDictionary<ChatMessageState, long> Messages { get; init; } = new Dictionary<ChatMessageState, long>();

    /// <summary>Number of announcements.</summary>
    public long Announcements { get; init; }

    /// <summary>The newest minutes with messages, in order, up to <see cref="MaxMinutes"/>.</summary>
    public IReadOnlyList<ChatMinuteCount> Minutes { get; init; } = [];

    /// <summary>The minute with the most messages of the session; <see langword="null"/> without messages.</summary>
    public ChatMinuteCount? BusiestMinute { get; init; }

    /// <summary>Participants with the most messages, most first, up to <see cref="MaxParticipants"/>.</summary>
    public IReadOnlyList<ChatParticipantCount> MostActive { get; init; } = [];

    /// <summary>Number of reactions by emoji.</summary>
    public IReadOnlyDictionary<string, long> Reactions { get; init; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>Number of questions by state.</summary>
    public IReadOnlyDictionary<ChatQuestionState, long> Questions { get; init; } = new Dictionary<ChatQuestionState, long>();

    /// <summary>Number of polls.</summary>
    public long Polls { get; init; }

    /// <summary>Number of votes in all polls.</summary>
    public long PollVotes { get; init; }

    /// <summary>Number of actions of moderators by kind, without those that were undone.</summary>
    public IReadOnlyDictionary<ChatActionKind, long> Actions { get; init; } = new Dictionary<ChatActionKind, long>();
}

/// <summary>Statistics and exports of the chat. Failures are those of <see cref="IChatModeration"/>.</summary>
public interface IChatReports
{
    /// <summary>Counts what happened in the chat of a session.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="session">The session; <see langword="null"/> for the newest one with chat.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<ChatStatistics> GetStatisticsAsync(ChannelName channel, SessionId? session, CancellationToken cancellationToken = default);

    /// <summary>
    /// Exports everything that is stored about a participant as a JSON object in UTF-8 (GDPR, articles 15 and 20): messages in every state,
    /// questions, votes, and actions of moderators, without the names of moderators and without texts of other participants.
    /// </summary>
    /// <param name="channel">The channel.</param>
    /// <param name="participant">Id of the participant.</param>
    /// <param name="open">Opens the stream for the export. It is called once, if the participant exists, and the caller closes it.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task ExportAsync(ChannelName channel, string participant, Func<Stream> open, CancellationToken cancellationToken = default);
}
