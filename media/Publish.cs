using System.Net;
using System.Threading.Channels;

namespace Broadcast.Media;

/// <summary>What an encoder presented when it asked to publish.</summary>
/// <param name="StreamKey">The secret. Never logged, never part of a name or a URL.</param>
/// <param name="Remote">Where it connected from.</param>
/// <param name="Encoder">What it calls itself (<c>flashVer</c> or the metadata's <c>encoder</c>), cleaned of control characters; empty when it did not say.</param>
public sealed record PublishRequest(string StreamKey, EndPoint? Remote, string Encoder)
{
    /// <summary>What it said of where it publishes, besides the key; empty texts where it said nothing.</summary>
    public PublishTarget Target { get; init; } = PublishTarget.Unknown;

    /// <summary>Without the key.</summary>
    public override string ToString() => $"publish from {Remote}";
}

/// <summary>What an encoder says of where it publishes, word for word and so not to be trusted, for authorities that pass it on. Secrets may stand in all of it.</summary>
/// <param name="Application">First part of the path: <c>live</c>.</param>
/// <param name="TcUrl">The address that it was given, as <c>connect</c> names it.</param>
/// <param name="SwfUrl">As <c>connect</c> names it; mostly empty.</param>
/// <param name="PageUrl">As <c>connect</c> names it; mostly empty.</param>
/// <param name="Query">What follows the <c>?</c> of the stream name, or else of the application; without the <c>?</c>.</param>
/// <param name="IsEncrypted">Whether it came over TLS.</param>
public sealed record PublishTarget(string Application, string TcUrl, string SwfUrl, string PageUrl, string Query, bool IsEncrypted)
{
    /// <summary>Longest of its texts, in characters; what is longer is left out.</summary>
    public const int MaxText = 2048;

    /// <summary>Nothing is known.</summary>
    public static PublishTarget Unknown { get; } = new("", "", "", "", "", IsEncrypted: false);

    /// <summary>Without what may be secret.</summary>
    public override string ToString() => Application;
}

/// <summary>Leave to publish: which channel and session the publication belongs to.</summary>
/// <param name="PublicationId">Identity of this publication, for <see cref="IPublishAuthority.EndedAsync"/>.</param>
/// <param name="Session">The session it starts or continues.</param>
/// <param name="Ladder">The channel's ladder as text, such as <c>passthrough</c> (<see cref="WantedLadder"/>).</param>
/// <param name="Revoked">Cancelled when the leave is withdrawn (key revoked, channel deleted, session ended by an operator): the publisher is sent away.</param>
public sealed record PublishGrant(Guid PublicationId, BroadcastSession Session, string Ladder, CancellationToken Revoked)
{
    /// <summary>Which of the channel's inputs the publication is. Two of one session with different roles may run at once.</summary>
    public InputRole Role { get; init; }

    /// <summary>Languages of the tracks of sound by the encoder's numbers, for those of which it says none; <see cref="TrackLanguages.Undetermined"/> where the channel does not either.</summary>
    public IReadOnlyList<string> AudioLanguages { get; init; } = [];

    /// <summary>Cancelled when the session is over, for stages that go on with it while it has no encoder; never, where nobody says so.</summary>
    public CancellationToken Over { get; init; }

    /// <summary>What the authority and the publisher's connection know of each other while the leave lasts.</summary>
    public PublicationLease Lease { get; init; } = new();
}

/// <summary>The inputs that a channel has.</summary>
public enum InputRole
{
    /// <summary>On air whenever it is good.</summary>
    Primary,

    /// <summary>Stands by for the primary.</summary>
    Backup,
}

/// <summary>What the giver and the holder of a <see cref="PublishGrant"/> know of each other. Any thread may read and write; nothing in it costs more than a store.</summary>
public sealed class PublicationLease
{
    private long _lastFrame;
    private long _bytes;
    private long _pictures;
    private long _soundFrames;
    private long _dropped;
    private volatile bool _superseded;

    /// <summary>When the last usable frame came, a timestamp of the process's <see cref="TimeProvider"/>; when leave was given, until one has come.</summary>
    public long LastFrame => Volatile.Read(ref _lastFrame);

    /// <summary>Whether another encoder has taken the holder's place. Set before <see cref="PublishGrant.Revoked"/> is cancelled.</summary>
    public bool IsSuperseded => _superseded;

    /// <summary>A usable frame has come.</summary>
    public void Beat(long timestamp) => Volatile.Write(ref _lastFrame, timestamp);

    /// <summary>Another encoder takes the holder's place.</summary>
    public void Supersede() => _superseded = true;

    /// <summary>What has come so far, as the holder noted it; what was dropped counts when it ends.</summary>
    public PublicationTotals Totals => new(Volatile.Read(ref _bytes), Volatile.Read(ref _pictures), Volatile.Read(ref _soundFrames), Volatile.Read(ref _dropped));

    /// <summary>Notes what has come since leave was given.</summary>
    /// <param name="bytes">Bytes received.</param>
    /// <param name="pictures">Pictures that were fit to be passed on.</param>
    /// <param name="soundFrames">Frames of sound that were.</param>
    public void Note(long bytes, long pictures, long soundFrames)
    {
        Volatile.Write(ref _bytes, bytes);
        Volatile.Write(ref _pictures, pictures);
        Volatile.Write(ref _soundFrames, soundFrames);
    }

    /// <summary>Notes how many pictures and frames of sound were dropped, in all.</summary>
    public void NoteDropped(long dropped) => Volatile.Write(ref _dropped, dropped);
}

/// <summary>What one or more encoder connections delivered.</summary>
/// <param name="Bytes">Bytes received.</param>
/// <param name="Pictures">Pictures that were fit to be passed on.</param>
/// <param name="SoundFrames">Frames of sound that were.</param>
/// <param name="Dropped">Pictures and frames of sound that were dropped.</param>
public readonly record struct PublicationTotals(long Bytes, long Pictures, long SoundFrames, long Dropped)
{
    /// <summary>These and others.</summary>
    public PublicationTotals With(PublicationTotals other) => new(Bytes + other.Bytes, Pictures + other.Pictures, SoundFrames + other.SoundFrames, Dropped + other.Dropped);
}

/// <summary>Why an encoder may not publish.</summary>
public enum PublishRefusal
{
    /// <summary>No such key, or a revoked one; the two are not told apart.</summary>
    UnknownKey,

    /// <summary>Another encoder is publishing on this channel.</summary>
    ChannelBusy,

    /// <summary>Too many wrong keys from that address lately.</summary>
    TooManyAttempts,

    /// <summary>The control room could not be asked in time.</summary>
    AuthorityUnavailable,

    /// <summary>The server is stopping.</summary>
    ShuttingDown,

    /// <summary>The event that the channel was used for is over, a short time ago: its encoder is not to go on by itself.</summary>
    EventOver,
}

/// <summary>The authority's answer.</summary>
public abstract record PublishVerdict
{
    private PublishVerdict() { }

    /// <summary>The encoder may publish.</summary>
    public sealed record Granted(PublishGrant Grant) : PublishVerdict;

    /// <summary>It may not. <paramref name="Message"/> is shown to the person at the encoder and holds no secret.</summary>
    public sealed record Refused(PublishRefusal Reason, string Message) : PublishVerdict;
}

/// <summary>ingest asks control who may publish. Answers are bounded in time by the caller's token.</summary>
public interface IPublishAuthority
{
    /// <summary>Decides on a publisher, and opens or continues the channel's session when it is let in.</summary>
    ValueTask<PublishVerdict> AuthorizeAsync(PublishRequest request, CancellationToken cancellationToken);

    /// <summary>A granted publication has ended, for whatever reason; called exactly once for each grant. The reconnect window begins.</summary>
    ValueTask EndedAsync(PublishGrant grant, string reason, CancellationToken cancellationToken);
}

/// <summary>
/// What one encoder connection delivers. <see cref="Samples"/> is a bounded queue: when the consumer is slow the writer drops up to that track's next
/// sync sample and counts the loss; it never waits. It completes when the encoder is gone, with an exception never: ends are ordinary.
/// </summary>
/// <param name="Grant">Whose publication this is.</param>
/// <param name="Tracks">The tracks known when it began; others may appear in the samples later.</param>
/// <param name="Samples">Samples of all tracks as they arrive, times already on the session's timeline.</param>
public sealed record Publication(PublishGrant Grant, IReadOnlyList<Track> Tracks, ChannelReader<MediaSample> Samples)
{
    /// <summary>Whether it is the slate, which stands in for encoders that are gone; never what comes from ingest.</summary>
    public bool IsSlate { get; init; }
}

/// <summary>ingest → transcoder. A publisher went live.</summary>
public interface IPublicationSink
{
    /// <summary>Owns <paramref name="publication"/> until the returned task completes, which is when all of it has been passed on.</summary>
    Task RunAsync(Publication publication, CancellationToken cancellationToken);
}

/// <summary>One encoded quality as it runs.</summary>
/// <param name="Name">Its name in URLs: <c>source</c>, <c>720p</c>, <c>audio</c>; 1 to 32 of <c>a-z 0-9 -</c>.</param>
/// <param name="Kind">What it carries.</param>
/// <param name="Leads">Whether its sync samples decide where all renditions of the session are cut; exactly one in a set leads.</param>
public sealed record Rendition(string Name, TrackKind Kind, bool Leads);

/// <summary>A sample and the rendition it belongs to.</summary>
public readonly record struct RenditionSample(Rendition Rendition, MediaSample Sample);

/// <summary>All renditions of one publication, as one queue in order of arrival. Bounded, with the policy of <see cref="Publication.Samples"/>.</summary>
/// <param name="Session">The session they belong to.</param>
/// <param name="Renditions">The renditions known when it began; others may appear in the samples later.</param>
/// <param name="Samples">The samples.</param>
public sealed record RenditionSet(BroadcastSession Session, IReadOnlyList<Rendition> Renditions, ChannelReader<RenditionSample> Samples)
{
    /// <summary>Whether they are the slate's, which stands in for encoders that are gone.</summary>
    public bool IsSlate { get; init; }
}

/// <summary>transcoder → packager. A publication's renditions begin, or begin again, in their session.</summary>
public interface IRenditionSink
{
    /// <summary>Owns <paramref name="renditions"/> until the returned task completes, which is when all of it is on the timeline.</summary>
    Task RunAsync(RenditionSet renditions, CancellationToken cancellationToken);
}

/// <summary>control → packager: what an operator or the reconnect window decides about a session.</summary>
public interface ISessionLifecycle
{
    /// <summary>Ends the session: its last segment is closed and the timeline says so. A session already ended or unknown is no error.</summary>
    ValueTask EndAsync(ChannelName channel, SessionId session, string reason, CancellationToken cancellationToken);

    /// <summary>
    /// Another server has the session on air: nothing of it is served or written here any more, and nothing that it has in the store is touched. What had been found of it here was what the store told at the start.
    /// One whose media arrive here is left as it is.
    /// </summary>
    ValueTask LetGoAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>Deletes all that the session left in spool and store. Only for ended sessions.</summary>
    ValueTask ForgetAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken);

    /// <summary>What was made of a session that has ended; <see langword="null"/> where that is not known. Must not block.</summary>
    SessionMediaTotals? TotalsOf(SessionId session) => null;
}

/// <summary>What was made of a session, since this process has had it.</summary>
/// <param name="Segments">The highest number of a segment.</param>
/// <param name="Renditions">Names of its renditions.</param>
/// <param name="Bytes">Bytes of media that were written, and go to the store.</param>
/// <param name="Gaps">Segments for which a rendition had nothing.</param>
public sealed record SessionMediaTotals(long Segments, IReadOnlyList<string> Renditions, long Bytes, long Gaps);
