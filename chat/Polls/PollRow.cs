using Broadcast.Media.ControlToChat;

namespace Broadcast.Chat.Polls;

/// <summary>Row of a poll.</summary>
internal sealed record PollRow
{
    /// <summary>Id of the poll.</summary>
    public required string Id { get; init; }

    /// <summary>Id of the session.</summary>
    public required string Session { get; init; }

    /// <summary>The question.</summary>
    public required string Question { get; init; }

    /// <summary>The options.</summary>
    public required string[] Options { get; init; }

    /// <summary>Number of votes of each option.</summary>
    public required long[] Votes { get; init; }

    /// <summary>Time of creation.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>End of voting, if there is one.</summary>
    public DateTimeOffset? EndsAt { get; init; }

    /// <summary>Time at which a moderator has hidden it.</summary>
    public DateTimeOffset? HiddenAt { get; init; }

    /// <summary>Columns, as SQL.</summary>
    public const string ColumnsSql = """
        p.id, p.session_id AS session, p.question, p.options, p.votes, p.created_at AS createdAt, p.ends_at AS endsAt,
        p.hidden_at AS hiddenAt
        """;

    /// <summary>Creates the poll.</summary>
    public ChatPoll ToPoll() =>
        new(Id, Session, Question, [.. Options.Zip(Votes, (text, votes) => new ChatPollOption(text, votes))], CreatedAt)
    {
        EndsAt = EndsAt, HiddenAt = HiddenAt,
    };
}
