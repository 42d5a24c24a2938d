using Broadcast.Ingest.Rtmp.Amf;
using Broadcast.Ingest.Rtmp.Flv;

namespace Broadcast.Ingest.Rtmp.Messages;

/// <summary>Extended capabilities from <c>capsEx</c> of <c>connect</c> (Enhanced RTMP v2, CapsExMask).</summary>
[Flags]
internal enum ExtendedCapabilities
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Reconnects on request.</summary>
    Reconnect = 1,

    /// <summary>Several tracks of one media type.</summary>
    Multitrack = 2,

    /// <summary>Parses ModEx.</summary>
    ModEx = 4,

    /// <summary>Nanosecond offsets of timestamps.</summary>
    TimestampNanoOffset = 8,
}

/// <summary>
/// Capabilities beyond RTMP 1.0 that a client declares in <c>connect</c> (Enhanced RTMP v2, "Enhancing NetConnection connect Command").
/// </summary>
/// <param name="IsEnhanced">Whether the client declares any. Only then does it get such a reply, because some old clients parse
/// strictly.</param>
/// <param name="Codecs">Declared FourCCs that are known here, for logs and the UI.</param>
/// <param name="Extended">The client's <c>capsEx</c>.</param>
/// <param name="VideoFunction">The client's <c>videoFunction</c>; 2 is HDR, 4 is metadata frames.</param>
internal sealed record Capabilities(bool IsEnhanced, IReadOnlyList<string> Codecs, ExtendedCapabilities Extended, int VideoFunction)
{
    /// <summary>Capabilities that this server supports.</summary>
    public const ExtendedCapabilities Supported =
        ExtendedCapabilities.Reconnect | ExtendedCapabilities.Multitrack | ExtendedCapabilities.ModEx
        | ExtendedCapabilities.TimestampNanoOffset;

    /// <summary>FourCcInfoMask: forwards media, neither decodes nor encodes.</summary>
    public const int CanForward = 4;

    /// <summary>Capabilities of an RTMP 1.0 client.</summary>
    public static Capabilities None { get; } = new(false, [], ExtendedCapabilities.None, 0);

    /// <summary>Indicates whether the client reconnects on request.</summary>
    public bool CanReconnect => Extended.HasFlag(ExtendedCapabilities.Reconnect);

    /// <summary>Reads the command object of <c>connect</c>. Properties of an unexpected type are ignored.</summary>
    public static Capabilities Parse(AmfValue command)
    {
        var (list, video, audio) = (command.Find("fourCcList"), command.Find("videoFourCcInfoMap"), command.Find("audioFourCcInfoMap"));
        var extended = command.GetNumber("capsEx", 0, int.MaxValue);
        if (list is not AmfValue.StrictArray && video is not AmfValue.Map && audio is not AmfValue.Map && extended is null)
        {
            return None;
        }

        IEnumerable<string> named = list is AmfValue.StrictArray sequence ? sequence.Items.OfType<AmfValue.Text>()
            .Select(t => t.Value) : [];
        var all = named.Concat(Keys(video)).Concat(Keys(audio)).ToHashSet(StringComparer.Ordinal);
        string[] known = [.. FourCc.Video.Concat(FourCc.Audio).Select(FourCc.Name)];
        var flags = extended is { } number ? (ExtendedCapabilities)(int)number : ExtendedCapabilities.None;
        return new Capabilities(
            true,
            all.Contains("*") ? known : [.. known.Where(all.Contains)],
            flags & Supported,
            (int)(command.GetNumber("videoFunction", 0, int.MaxValue) ?? 0));
    }

    private static IEnumerable<string> Keys(AmfValue map) => map is AmfValue.Map { Properties: var properties } ? properties.Keys : [];
}
