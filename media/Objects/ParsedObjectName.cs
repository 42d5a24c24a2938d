using System.Diagnostics;

namespace Broadcast.Media.Objects;

/// <summary>An object name in its components. The kind determines which of them are set (<see cref="ObjectKind"/>).</summary>
/// <param name="Kind">Kind of the object.</param>
public readonly record struct ParsedObjectName(ObjectKind Kind)
{
    private readonly string? _rendition;

    /// <summary>The channel; unset for <see cref="ObjectKind.VodMpd"/> and other manifests of recordings.</summary>
    public ChannelName Channel { get; init; }

    /// <summary>The session; unset for the manifests of channels and recordings.</summary>
    public SessionId Session { get; init; }

    /// <summary>The recording; unset for all other objects.</summary>
    public RecordingId Recording { get; init; }

    /// <summary>The rendition of media and media playlists; otherwise empty.</summary>
    public string Rendition { get => _rendition ?? ""; init => _rendition = value.Length == 0 ? null : value; }

    /// <summary>
    /// Number of a journal file or init segment, sequence number of a segment, first sequence number of an index block or of a list of
    /// them, or time of an image in milliseconds; otherwise 0.
    /// </summary>
    public long Number { get; init; }

    /// <summary>Last sequence number of an index block or of a list of them; otherwise 0.</summary>
    public long Last { get; init; }

    /// <summary>CRC-32C of the content of a list of index blocks; otherwise 0.</summary>
    public uint Checksum { get; init; }

    /// <summary>
    /// Epoch of a journal file, 0 if its name has none, or of the repair that rewrote an index block; otherwise 0.
    /// </summary>
    public long Epoch { get; init; }

    /// <summary>Number of a journal file.</summary>
    public JournalNumber JournalNumber => new(Epoch, Number);

    /// <summary>Returns whether the object belongs to a session.</summary>
    public bool IsOf(ChannelName channel, SessionId session) => Channel == channel && Session == session;

    /// <summary>The name of the object.</summary>
    public ObjectName Format()
    {
        var names = ObjectNames.Of(Channel, Session);
        return Kind switch
        {
            ObjectKind.Journal => names.Journal(Epoch, Number),
            ObjectKind.Init => names.Init(Rendition, Number),
            ObjectKind.Segment => names.Segment(Rendition, Number),
            ObjectKind.IndexBlock => names.IndexBlock(Number, Last, Epoch),
            ObjectKind.IndexBlockList => names.IndexBlockList(Number, Last, Checksum),
            ObjectKind.SpriteSheet => names.SpriteSheet(Number),
            ObjectKind.Poster => names.Poster(Number),
            ObjectKind.MediaPlaylist => names.MediaPlaylist(Rendition),
            ObjectKind.SessionMpd => names.Mpd,
            ObjectKind.ChannelMultivariantPlaylist => ObjectNames.ChannelMultivariantPlaylist(Channel),
            ObjectKind.ChannelMpd => ObjectNames.ChannelMpd(Channel),
            ObjectKind.VodMediaPlaylist => ObjectNames.VodMediaPlaylist(Recording, Rendition),
            ObjectKind.VodMultivariantPlaylist => ObjectNames.VodMultivariantPlaylist(Recording),
            ObjectKind.VodMpd => ObjectNames.VodMpd(Recording),
            _ => throw new UnreachableException(),
        };
    }
}
