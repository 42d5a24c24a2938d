namespace Broadcast.Control.Api;

/// <summary>One encoder and its availability on this machine.</summary>
/// <param name="Encoder">FFmpeg's name of the encoder.</param>
/// <param name="Vendor">Vendor, as the option <c>Encoding:Encoder</c> names it.</param>
/// <param name="Codec"><c>h264</c>, <c>hevc</c> or <c>av1</c>.</param>
/// <param name="UsedForRungs">Whether the server encodes rungs with it when it works.</param>
/// <param name="Works">Whether it encoded test frames on this machine and has not failed since.</param>
/// <param name="Error">Reason why it does not work.</param>
/// <param name="ProbedAt">Time of the probe.</param>
/// <param name="Duration">Duration of the probe.</param>
public sealed record EncoderInfo(string Encoder, string Vendor, string Codec, bool UsedForRungs, bool Works, string? Error,
    DateTimeOffset ProbedAt, TimeSpan Duration);

/// <summary>Provider of the machine's encoders. The host implements it; without it the API lists none.</summary>
public interface IEncoderList
{
    /// <summary>Lists the known encoders. Does not block.</summary>
    IReadOnlyList<EncoderInfo> List();

    /// <summary>Probes all encoders again. This takes one or two seconds, and more than a minute on faulty hardware.</summary>
    Task<IReadOnlyList<EncoderInfo>> ProbeAsync(CancellationToken cancellationToken);
}
