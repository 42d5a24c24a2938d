using Broadcast.Media;

namespace Broadcast.Storage.Integrity;

/// <summary>What is wrong with an object or a session.</summary>
public enum StoreFault
{
    /// <summary>Announced, and nowhere.</summary>
    Missing,

    /// <summary>Announced with another length.</summary>
    WrongLength,

    /// <summary>Its bytes are not those that were put.</summary>
    Changed,

    /// <summary>It is there and nobody names it.</summary>
    Orphan,

    /// <summary>Media of a session of which there is no journal.</summary>
    NoJournal,

    /// <summary>There is a journal, and no file of it can be read.</summary>
    UnreadableJournal,

    /// <summary>Files that the store should have and that are in the spool.</summary>
    NotUploaded,
}

/// <summary>Something wrong.</summary>
/// <param name="Fault">What.</param>
/// <param name="Channel">The channel.</param>
/// <param name="Session">The session; <see langword="null"/> where it is about more than one.</param>
/// <param name="Object">The object; <see langword="null"/> where it is about more than one.</param>
/// <param name="Kind">What the object is, where a timeline says so.</param>
/// <param name="Objects">How many objects it is about.</param>
/// <param name="Bytes">Their bytes, as announced or as found.</param>
/// <param name="Message">The same in words, for people.</param>
public sealed record StoreFinding(StoreFault Fault, ChannelName Channel, SessionId? Session, ObjectName? Object, SessionObjectKind? Kind, long Objects, long Bytes, string Message);

/// <summary>What was looked at.</summary>
public sealed class StoreTally
{
    /// <summary>Announced objects.</summary>
    public long Objects { get; set; }

    /// <summary>Their bytes.</summary>
    public long Bytes { get; set; }

    /// <summary>Objects read and held against their checksums.</summary>
    public long Verified { get; set; }

    /// <summary>Objects that could not be, because none was noted with them.</summary>
    public long Unverified { get; set; }

    /// <summary>Adds what another session has.</summary>
    public void Add(StoreTally other)
    {
        Objects += other.Objects;
        Bytes += other.Bytes;
        Verified += other.Verified;
        Unverified += other.Unverified;
    }
}

/// <summary>What came of looking at a session.</summary>
/// <param name="Channel">Its channel.</param>
/// <param name="Session">The session.</param>
/// <param name="Timeline">What its journal tells; <see langword="null"/> where there is none that can be read.</param>
/// <param name="Journal">Highest number of its journal files; 0 where there is none.</param>
/// <param name="Written">When the youngest of them was written.</param>
/// <param name="Findings">What is wrong.</param>
/// <param name="Tally">What was looked at.</param>
public sealed record SessionReport(
    ChannelName Channel, SessionId Session, SessionTimeline? Timeline, long Journal, DateTimeOffset Written, IReadOnlyList<StoreFinding> Findings, StoreTally Tally);
