namespace Broadcast.Transcoder.Encoders.Proof;

/// <summary>What is known of an encoder on this machine.</summary>
/// <param name="Encoder">ffmpeg's name of it.</param>
/// <param name="Vendor">Whose it is, as the option <c>Encoding:Encoder</c> names it.</param>
/// <param name="Codec"><c>h264</c>, <c>hevc</c> or <c>av1</c>.</param>
/// <param name="IsForRungs">Whether rungs are encoded with it where it works.</param>
/// <param name="Works">Whether it has encoded pictures, here, and has not failed since.</param>
/// <param name="Refusal">Why not, in plain words.</param>
/// <param name="ProvedAt">When that was found out.</param>
/// <param name="Took">How long it took.</param>
public sealed record EncoderStanding(string Encoder, string Vendor, string Codec, bool IsForRungs, bool Works, string? Refusal, DateTimeOffset ProvedAt, TimeSpan Took);

/// <summary>The encoders of this machine, for status pages.</summary>
public interface IEncoderStandings
{
    /// <summary>What is known, those for rungs first; empty before the first has been proved. Does not block.</summary>
    IReadOnlyList<EncoderStanding> Standings { get; }

    /// <summary>How encoder processes are kept from doing harm, in plain words. Asked for the first time, it tries what is possible, which takes some milliseconds.</summary>
    string Confinement { get; }

    /// <summary>Whether they are at all.</summary>
    bool IsConfined { get; }

    /// <summary>Proves all of them anew, one after the other. Takes a second or two, on bad hardware more than a minute.</summary>
    /// <param name="cancellationToken">Ends the process that runs.</param>
    Task<IReadOnlyList<EncoderStanding>> ProveAsync(CancellationToken cancellationToken);
}
