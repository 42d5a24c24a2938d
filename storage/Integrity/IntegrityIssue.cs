using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Timeline;

namespace Broadcast.Storage.Integrity;

/// <summary>Kinds of integrity issues.</summary>
public enum IntegrityIssueKind
{
    /// <summary>An announced object does not exist.</summary>
    Missing,

    /// <summary>An object has another length than announced.</summary>
    WrongLength,

    /// <summary>An object's bytes do not match its checksum.</summary>
    Changed,

    /// <summary>An object is not referenced.</summary>
    Orphan,

    /// <summary>A session has media but no journal.</summary>
    NoJournal,

    /// <summary>No journal file of a session can be read.</summary>
    UnreadableJournal,

    /// <summary>Files remain in the spool instead of the object store.</summary>
    NotUploaded,
}

/// <summary>An integrity issue.</summary>
/// <param name="IssueKind">Kind of the issue.</param>
/// <param name="Channel">The channel.</param>
/// <param name="Session">The session; <see langword="null"/> when the issue covers several.</param>
/// <param name="Object">The object; <see langword="null"/> when the issue covers several.</param>
/// <param name="ObjectKind">Type of the object, if a timeline defines it.</param>
/// <param name="Objects">Number of affected objects.</param>
/// <param name="Bytes">Size of the affected objects in bytes, as announced or as found.</param>
/// <param name="Message">Description for the operator.</param>
public sealed record IntegrityIssue(IntegrityIssueKind IssueKind, ChannelName Channel, SessionId? Session, ObjectName? Object,
    ObjectKind? ObjectKind, long Objects, long Bytes, string Message);

/// <summary>Totals of a check.</summary>
public sealed class IntegrityTotals
{
    /// <summary>Number of announced objects.</summary>
    public long Objects { get; set; }

    /// <summary>Size of the announced objects in bytes.</summary>
    public long Bytes { get; set; }

    /// <summary>Number of objects verified against their checksums.</summary>
    public long Verified { get; set; }

    /// <summary>Number of objects without a checksum.</summary>
    public long Unverified { get; set; }

    /// <summary>Adds the totals of another session.</summary>
    public void Add(IntegrityTotals other)
    {
        Objects += other.Objects;
        Bytes += other.Bytes;
        Verified += other.Verified;
        Unverified += other.Unverified;
    }
}

/// <summary>Result of checking a session.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Session">The session.</param>
/// <param name="Timeline">Timeline of the session; <see langword="null"/> without a readable journal.</param>
/// <param name="Journal">Highest number of a journal file; 0 when there is none.</param>
/// <param name="Written">Write time of the newest journal file.</param>
/// <param name="Issues">Issues found.</param>
/// <param name="Totals">Totals of the check.</param>
public sealed record SessionIntegrityReport(
    ChannelName Channel, SessionId Session, SessionTimeline? Timeline, long Journal, DateTimeOffset Written,
    IReadOnlyList<IntegrityIssue> Issues, IntegrityTotals Totals);
