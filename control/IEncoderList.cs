namespace Broadcast.Control;

/// <summary>An encoder that this machine has, or does not have.</summary>
/// <param name="Encoder">ffmpeg's name of it.</param>
/// <param name="Vendor">Whose it is, as the option <c>Encoding:Encoder</c> names it.</param>
/// <param name="Codec"><c>h264</c>, <c>hevc</c> or <c>av1</c>.</param>
/// <param name="ForRungs">Whether rungs are encoded with it where it works.</param>
/// <param name="Works">Whether it has encoded pictures here, and has not failed since.</param>
/// <param name="Refusal">Why not, in plain words.</param>
/// <param name="ProvedAt">When that was found out.</param>
/// <param name="Took">How long it took.</param>
public sealed record EncoderInfo(string Encoder, string Vendor, string Codec, bool ForRungs, bool Works, string? Refusal, DateTimeOffset ProvedAt, TimeSpan Took);

/// <summary>Where the API learns which encoders the machine has. The host provides it; without it there are none.</summary>
public interface IEncoderList
{
    /// <summary>What is known. Does not block.</summary>
    IReadOnlyList<EncoderInfo> List();

    /// <summary>Proves all of them anew, which takes a second or two, on bad hardware more than a minute.</summary>
    Task<IReadOnlyList<EncoderInfo>> ProveAsync(CancellationToken cancellationToken);
}
