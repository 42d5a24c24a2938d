namespace Broadcast.Media;

/// <summary>What a track carries.</summary>
public enum TrackKind
{
    /// <summary>Coded pictures.</summary>
    Video,

    /// <summary>Coded sound.</summary>
    Audio,
}

/// <summary>
/// One elementary stream as it is now. A changed codec configuration is a new <see cref="Track"/> with the same <see cref="Id"/>, and the samples
/// that follow refer to it; so a reader compares by reference to see a change. Identical repeats of a configuration never make a new instance.
/// </summary>
/// <param name="Id">Number of the track in its publication, from 1, stable while the publication lasts.</param>
/// <param name="Config">Codec and its parameters.</param>
/// <param name="Timescale">Clock of the samples' times, ticks a second: 90,000 for video, the sample rate for audio.</param>
/// <param name="Language">BCP 47 tag, or <see langword="null"/> when the encoder did not say.</param>
/// <param name="Name">What the encoder calls it, for people: at most 64 characters, cleaned of control characters; <see langword="null"/> when it did not say.</param>
/// <param name="Described">What the encoder says of the pictures beside the codec; <see langword="null"/> when nothing.</param>
public sealed record Track(int Id, CodecConfig Config, int Timescale, string? Language = null, string? Name = null, PictureDescription? Described = null)
{
    private const byte Unspecified = (byte)AvcSequenceParameters.Unspecified;

    /// <summary>Bits a second that the encoder claims for pictures; 0 when it does not, or claims what cannot be. Nothing that a player has to know.</summary>
    public int ClaimedBitsPerSecond { get; init; }

    /// <summary>What it carries.</summary>
    public TrackKind Kind => Config.Kind;

    /// <summary>How colors are coded: as the coded stream says, and where that is silent as the encoder says beside it; <see langword="null"/> when neither does.</summary>
    public CodedColor? Color => (Config.Picture?.Color, Described?.Color) switch
    {
        (null, var beside) => beside,
        (var coded, null) => coded,
        var (coded, beside) => coded with
        {
            Primaries = coded.Primaries == Unspecified ? beside.Primaries : coded.Primaries,
            Transfer = coded.Transfer == Unspecified ? beside.Transfer : coded.Transfer,
            Matrix = coded.Matrix == Unspecified ? beside.Matrix : coded.Matrix,
        },
    };

    /// <summary>Whether samples of both are played with one init segment. Number, name and claims are not in it.</summary>
    public bool IsConfiguredAs(Track other) => ReferenceEquals(this, other)
        || (Timescale == other.Timescale && Language == other.Language && Config.Equals(other.Config) && Equals(Described, other.Described));
}

/// <summary>
/// One coded access unit. The payload is never written to again once the sample leaves the stage that made it, and may be kept as long as needed.
/// </summary>
/// <param name="Track">The track as it was when this sample was coded.</param>
/// <param name="Decode">Decode time on the session's timeline and the track's clock: never descending within a track.</param>
/// <param name="Present">Presentation time on the same clock; at or after <paramref name="Decode"/>, except by a negative composition offset.</param>
/// <param name="IsSync">Whether decoding can begin here (an IDR picture for H.264; every audio frame).</param>
/// <param name="Payload">The bytes as ISO/IEC 14496-15 has them: length-prefixed NAL units for H.264, a raw data block for AAC.</param>
/// <param name="Arrival">Wall clock when its last byte came in; latency is measured against it at every later point.</param>
public readonly record struct MediaSample(
    Track Track, MediaTime Decode, MediaTime Present, bool IsSync, ReadOnlyMemory<byte> Payload, DateTimeOffset Arrival);
