using Broadcast.Media.Codecs;

namespace Broadcast.Fuzz.Tests.Targets;

/// <summary>All parsers of external bytes.</summary>
internal static class All
{
    /// <summary>Targets of configuration records.</summary>
    public static IReadOnlyList<ConfigurationTarget> Configurations { get; } =
    [
        new("avcC", b => CodecConfig.Avc.Parse(b)),
        new("hvcC", b => CodecConfig.Hevc.Parse(b)),
        new("av1C", b => CodecConfig.Av1.Parse(b)),
        new("vpcC", b => CodecConfig.Vp9.Parse(b)),
        new("asc", b => CodecConfig.Aac.Parse(b)),
        new("opus", b => CodecConfig.Opus.Parse(b)),
        new("flac", b => CodecConfig.Flac.Parse(b)),
        new("dac3", b => CodecConfig.Ac3.Parse(b)),
        new("dec3", b => CodecConfig.Eac3.Parse(b)),
    ];

    /// <summary>All targets.</summary>
    public static IReadOnlyList<FuzzTarget> Targets { get; } =
    [
        new HandshakeTarget(),
        new ChunkTarget(),
        new AmfTarget(),
        new MessageTarget(),
        new SessionTarget(),
        new ProxyTarget(),
        .. Configurations,
        new ParameterSetTarget("sps", b => AvcSequenceParameterSet.Parse(b) is var s ? (s.Width, s.Height) : default),
        new ParameterSetTarget("hevc-sps", b => HevcSequenceParameterSet.Parse(b).VideoFormat is var p ? (p.Width, p.Height) : default),
        new SampleTarget(),
        new FlacTarget(),
        new NutTarget(),
        new ViewerTokenTarget(),
        new AddressTarget(),
        new BeaconTarget(),
        new IndexBlockTarget(),
        new MovieTarget(),
    ];

    /// <summary>Finds a target by name.</summary>
    public static FuzzTarget Of(string name) => Targets.Single(t => t.Name == name);
}
