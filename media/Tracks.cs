using Broadcast.Media.Codecs;

namespace Broadcast.Media;

/// <summary>Media type of a track.</summary>
public enum TrackKind
{
    /// <summary>Video.</summary>
    Video,

    /// <summary>Audio.</summary>
    Audio,
}

/// <summary>
/// One elementary stream with its current configuration. A changed codec configuration creates a new <see cref="Track"/> with the same
/// <see cref="Id"/>, to which later samples refer. Readers can therefore detect changes by reference. Repeated identical configurations
/// never create a new instance.
/// </summary>
/// <param name="Id">Track number in its publication, from 1; constant during the publication.</param>
/// <param name="Config">Codec and its parameters.</param>
/// <param name="Timescale">Timescale of the samples in ticks per second: 90,000 for video, the sample rate for audio.</param>
/// <param name="Language">BCP 47 tag; <see langword="null"/> when unknown.</param>
/// <param name="Name">Display name sent by the encoder, at most 64 characters, without control characters; <see langword="null"/> when
/// unknown.</param>
/// <param name="ColorInfo">Color metadata from the encoder; <see langword="null"/> when absent.</param>
public sealed record Track(int Id, CodecConfig Config, int Timescale, string? Language = null, string? Name = null,
    ColorInfo? ColorInfo = null)
{
    private const byte Unspecified = (byte)AvcSequenceParameterSet.Unspecified;

    /// <summary>Video bitrate declared by the encoder, in bits per second; 0 when absent or implausible. For information only.</summary>
    public int DeclaredBitsPerSecond { get; init; }

    /// <summary>Media type.</summary>
    public TrackKind Kind => Config.Kind;

    /// <summary>
    /// Color description from the bitstream, completed by the encoder's metadata; <see langword="null"/> when both are absent.
    /// </summary>
    public ColorDescription? Color => (Config.VideoFormat?.Color, ColorInfo?.Color) switch
    {
        (null, var declared) => declared,
        (var coded, null) => coded,
        var (coded, declared) => coded with
        {
            Primaries = coded.Primaries == Unspecified ? declared.Primaries : coded.Primaries,
            Transfer = coded.Transfer == Unspecified ? declared.Transfer : coded.Transfer,
            Matrix = coded.Matrix == Unspecified ? declared.Matrix : coded.Matrix,
        },
    };

    /// <summary>Returns whether samples of both tracks can share an init segment. Ignores track number, name and declared
    /// bitrate.</summary>
    public bool IsConfiguredAs(Track other) => ReferenceEquals(this, other)
        || (Timescale == other.Timescale && Language == other.Language && Config.Equals(other.Config)
            && Equals(ColorInfo, other.ColorInfo));
}

/// <summary>
/// One coded access unit. The payload is immutable once the sample leaves the stage that created it, and may be retained indefinitely.
/// </summary>
/// <param name="Track">The track at the time of the sample.</param>
/// <param name="Decode">Decode time on the session's timeline, in the track's timescale; never decreases within a track.</param>
/// <param name="Present">Presentation time in the same timescale; before <paramref name="Decode"/> only with a negative composition
/// offset.</param>
/// <param name="IsSync">Whether the sample is a sync sample (an IDR picture in H.264; every audio frame).</param>
/// <param name="Payload">The coded bytes in the format of ISO/IEC 14496-15: length-prefixed NAL units for H.264, a raw data block for
/// AAC.</param>
/// <param name="Arrival">Wall-clock time at which the last byte arrived; the reference for all latency measurements.</param>
public readonly record struct MediaSample(
    Track Track, MediaTime Decode, MediaTime Present, bool IsSync, ReadOnlyMemory<byte> Payload, DateTimeOffset Arrival);
