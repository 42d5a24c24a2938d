using Broadcast.Media;

namespace Broadcast.Transcoder.Encoders;

/// <summary>A rung that is encoded.</summary>
/// <param name="Name">Its rendition's name.</param>
/// <param name="Width">Pixels across.</param>
/// <param name="Height">Pixels down.</param>
/// <param name="BitsPerSecond">What it is meant to have on average.</param>
public sealed record EncodedRung(string Name, int Width, int Height, int BitsPerSecond);

/// <summary>How the rungs of a channel are encoded now.</summary>
/// <param name="Encoder">Who encodes, for people: <c>x264</c>, <c>NVENC, pictures stay on the GPU</c>; <see langword="null"/> while nobody does.</param>
/// <param name="Rungs">What is encoded, the largest first.</param>
/// <param name="GivenUp">Names of rungs that were planned and are not encoded.</param>
/// <param name="Haste">0 to 2: how much quality is given up for speed.</param>
/// <param name="IsHalfRate">Whether half of the pictures is left out of all rungs.</param>
/// <param name="Step">0 where nothing is given up; each more costs quality, pictures or a rung.</param>
/// <param name="Reason">Why something was given up, or another encoder took over, last; <see langword="null"/> where neither is so.</param>
/// <param name="Behind">How far the slowest rung is behind the source.</param>
/// <param name="Restarts">Encoder processes after the first one.</param>
public sealed record EncodingState(
    string? Encoder, IReadOnlyList<EncodedRung> Rungs, IReadOnlyList<string> GivenUp, int Haste, bool IsHalfRate, int Step, string? Reason, TimeSpan Behind, int Restarts)
{
    /// <summary>Why viewers shall get a copy of the source, which is a rung of its name, and not the source; <see langword="null"/> where it passes as it came.</summary>
    public string? CopyReason { get; init; }
}

/// <summary>How channels are encoded, for status pages.</summary>
public interface IChannelEncodings
{
    /// <summary>How a channel's rungs are encoded now; <see langword="null"/> where it has none. Does not block.</summary>
    EncodingState? Find(ChannelName channel);
}
