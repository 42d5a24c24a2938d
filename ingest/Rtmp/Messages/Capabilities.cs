using Broadcast.Ingest.Rtmp.Amf;
using Broadcast.Ingest.Rtmp.Flv;

namespace Broadcast.Ingest.Rtmp.Messages;

/// <summary>Extended capabilities, as <c>capsEx</c> of <c>connect</c> has them (Enhanced RTMP v2, CapsExMask).</summary>
[Flags]
internal enum ExtendedCapabilities
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Reconnects when asked to.</summary>
    Reconnect = 1,

    /// <summary>Several tracks of a kind.</summary>
    Multitrack = 2,

    /// <summary>Reads ModEx.</summary>
    ModEx = 4,

    /// <summary>Nanoseconds in timestamps.</summary>
    TimestampNanoOffset = 8,
}

/// <summary>What a client says in <c>connect</c> that it can, beyond RTMP 1.0 (Enhanced RTMP v2, "Enhancing NetConnection connect Command").</summary>
/// <param name="IsEnhanced">Whether it says anything at all: only then does it get an answer of that kind, because some old clients read strictly.</param>
/// <param name="Codecs">FourCCs it names, of those known here; for the log and for people.</param>
/// <param name="Extended">Its <c>capsEx</c>.</param>
/// <param name="VideoFunction">Its <c>videoFunction</c>; 2 is HDR, 4 is metadata frames.</param>
internal sealed record Capabilities(bool IsEnhanced, IReadOnlyList<string> Codecs, ExtendedCapabilities Extended, int VideoFunction)
{
    /// <summary>What this server does of it.</summary>
    public const ExtendedCapabilities Ours =
        ExtendedCapabilities.Reconnect | ExtendedCapabilities.Multitrack | ExtendedCapabilities.ModEx | ExtendedCapabilities.TimestampNanoOffset;

    /// <summary>FourCcInfoMask: takes in and passes on, neither decodes nor encodes.</summary>
    public const int CanForward = 4;

    /// <summary>A client of RTMP 1.0.</summary>
    public static Capabilities None { get; } = new(false, [], ExtendedCapabilities.None, 0);

    /// <summary>Whether it reconnects when asked to.</summary>
    public bool CanReconnect => Extended.HasFlag(ExtendedCapabilities.Reconnect);

    /// <summary>Reads the command object of <c>connect</c>. What is of another type than it should be counts as not said.</summary>
    public static Capabilities Of(AmfValue command)
    {
        var (list, video, audio) = (command.Find("fourCcList"), command.Find("videoFourCcInfoMap"), command.Find("audioFourCcInfoMap"));
        var extended = command.NumberOf("capsEx", 0, int.MaxValue);
        if (list is not AmfValue.Sequence && video is not AmfValue.Map && audio is not AmfValue.Map && extended is null)
        {
            return None;
        }

        IEnumerable<string> named = list is AmfValue.Sequence sequence ? sequence.Items.OfType<AmfValue.Text>().Select(t => t.Value) : [];
        var all = named.Concat(Keys(video)).Concat(Keys(audio)).ToHashSet(StringComparer.Ordinal);
        string[] known = [.. FourCc.Video.Concat(FourCc.Audio).Select(FourCc.Name)];
        var flags = extended is { } number ? (ExtendedCapabilities)(int)number : ExtendedCapabilities.None;
        return new Capabilities(
            true,
            all.Contains("*") ? known : [.. known.Where(all.Contains)],
            flags & Ours,
            (int)(command.NumberOf("videoFunction", 0, int.MaxValue) ?? 0));
    }

    private static IEnumerable<string> Keys(AmfValue map) => map is AmfValue.Map { Properties: var properties } ? properties.Keys : [];
}
