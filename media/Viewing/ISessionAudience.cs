namespace Broadcast.Media;

/// <summary>How much of a session its audience gets. Who may preview gets all of it, whatever this says.</summary>
public readonly record struct AudienceView
{
    /// <summary>All of it.</summary>
    public static AudienceView Open => default;

    /// <summary>Nothing: it is as if there were no such session.</summary>
    public static AudienceView Hidden => new() { IsHidden = true };

    /// <summary>What begins at an instant and later, in whole segments: of the one that was being made then nothing.</summary>
    /// <param name="from">The instant, by the wall clock that media arrives by.</param>
    /// <param name="segment">Number of the first segment, where it was found out already which one that is.</param>
    public static AudienceView Since(DateTimeOffset from, long? segment = null) => new() { From = from, Segment = segment };

    /// <summary>Whether there is nothing for the audience.</summary>
    public bool IsHidden { get; private init; }

    /// <summary>From when on there is something; <see langword="null"/> for from its begin, or never.</summary>
    public DateTimeOffset? From { get; private init; }

    /// <summary>Number of the first segment, where that is known.</summary>
    public long? Segment { get; private init; }

    /// <summary>Whether there is all of it.</summary>
    public bool IsOpen => !IsHidden && From is null;
}

/// <summary>
/// origin asks control how much of a session viewers get: one that is previewed is hidden until its event goes live, and then begins for them at that moment. Asked for every request, so it answers from
/// memory, also while the database is away.
/// </summary>
public interface ISessionAudience
{
    /// <summary>How much viewers get of a session; <see langword="null"/> when nothing was ever said of it. Then it counts as it began (<see cref="BroadcastSession.BeginsHidden"/>).</summary>
    AudienceView? Find(ChannelName channel, SessionId session);

    /// <summary>It was found out which segment is the first that viewers get: it is the first for good, also after that has left the live window or the server was restarted.</summary>
    /// <param name="channel">The session's channel.</param>
    /// <param name="session">The session.</param>
    /// <param name="from">The instant that it was found for.</param>
    /// <param name="segment">Its number.</param>
    void Settle(ChannelName channel, SessionId session, DateTimeOffset from, long segment);
}
