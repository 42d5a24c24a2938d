using System.Buffers.Binary;
using Broadcast.Media.Codecs;
using Broadcast.Transcoder.Nut;

namespace Broadcast.Transcoder.Encoders;

/// <summary>Converts H.264 with start codes (ITU-T H.264, annex B) to length-prefixed NAL units (ISO/IEC 14496-15).</summary>
internal static class AnnexBConverter
{
    private const int SequenceParameterSetType = 7;
    private const int PictureParameterSetType = 8;
    private const int DelimiterType = 9;

    /// <summary>Codec configuration of an encoder's output.</summary>
    /// <param name="header">The output's header, with the parameter sets unless they precede the first frame.</param>
    /// <param name="first">The first frame.</param>
    /// <exception cref="InvalidCodecConfigException">Parameter sets are missing or invalid.</exception>
    public static CodecConfig ConfigurationOf(NutStream header, ReadOnlyMemory<byte> first) =>
        Configuration(header.Private.IsEmpty ? first.Span : header.Private.Span);

    /// <summary>Builds an AVCDecoderConfigurationRecord from the parameter sets among NAL units.</summary>
    /// <exception cref="InvalidCodecConfigException">Parameter sets are missing or invalid.</exception>
    public static CodecConfig.Avc Configuration(ReadOnlySpan<byte> bytes)
    {
        List<byte[]> sequenceParameterSets = [], pictureParameterSets = [];
        foreach (var range in Units(bytes))
        {
            var unit = bytes[range];
            (Type(unit) switch { SequenceParameterSetType => sequenceParameterSets, PictureParameterSetType => pictureParameterSets,
                _ => null })?.Add(unit.ToArray());
        }

        if (sequenceParameterSets.Count is 0 or > 31 || pictureParameterSets.Count is 0 or > 255 || sequenceParameterSets[0].Length < 4)
        {
            throw new InvalidCodecConfigException("The encoder's header has no parameter sets.");
        }

        List<byte> record = [1, .. sequenceParameterSets[0].AsSpan(1, 3), 0xff, (byte)(0xe0 | sequenceParameterSets.Count)];
        Add(record, sequenceParameterSets);
        record.Add((byte)pictureParameterSets.Count);
        Add(record, pictureParameterSets);
        return CodecConfig.Avc.Parse(record.ToArray());
    }

    /// <summary>
    /// Converts an access unit to 4-byte lengths. Drops parameter sets and delimiters, which the configuration and container replace.
    /// </summary>
    /// <param name="bytes">The access unit.</param>
    /// <param name="prefix">Prefix of the result, with lengths already.</param>
    public static byte[] ToLengths(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> prefix = default)
    {
        var units = Units(bytes);
        var length = prefix.Length;
        foreach (var range in units)
        {
            length += IsRetained(bytes[range]) ? 4 + bytes[range].Length : 0;
        }

        var converted = new byte[length];
        prefix.CopyTo(converted);
        var at = prefix.Length;
        foreach (var range in units)
        {
            var unit = bytes[range];
            if (IsRetained(unit))
            {
                BinaryPrimitives.WriteInt32BigEndian(converted.AsSpan(at), unit.Length);
                unit.CopyTo(converted.AsSpan(at + 4));
                at += 4 + unit.Length;
            }
        }

        return converted;
    }

    /// <summary>Parameter sets with 4-byte lengths, for a keyframe whose decoder may have others. Empty for codecs without them.</summary>
    public static byte[] ParameterSetsOf(CodecConfig configuration) => configuration is CodecConfig.Avc avc
        ? [.. avc.Configuration.SpsUnits.Concat(avc.Configuration.PpsUnits)
            .SelectMany(set => (byte[])[0, 0, (byte)(set.Length >> 8), (byte)set.Length, .. set.Span])]
        : [];

    private static bool IsRetained(ReadOnlySpan<byte> unit) =>
        Type(unit) is not (SequenceParameterSetType or PictureParameterSetType or DelimiterType);

    private static int Type(ReadOnlySpan<byte> unit) => unit[0] & 31;

    private static void Add(List<byte> record, List<byte[]> sets)
    {
        foreach (var set in sets)
        {
            record.Add((byte)(set.Length >> 8));
            record.Add((byte)set.Length);
            record.AddRange(set);
        }
    }

    /// <summary>Ranges of the NAL units, without start codes and preceding zeros; none is empty.</summary>
    private static List<Range> Units(ReadOnlySpan<byte> bytes)
    {
        var units = new List<Range>();
        var start = NextUnit(bytes, 0);
        while (start < bytes.Length)
        {
            var next = bytes[start..].IndexOf((ReadOnlySpan<byte>)[0, 0, 1]);
            var end = next < 0 ? bytes.Length : start + next;
            var last = end;
            while (last > start && bytes[last - 1] == 0)
            {
                last--;
            }

            if (last > start)
            {
                units.Add(start..last);
            }

            start = next < 0 ? bytes.Length : end + 3;
        }

        return units;
    }

    private static int NextUnit(ReadOnlySpan<byte> bytes, int from)
    {
        var code = bytes[from..].IndexOf((ReadOnlySpan<byte>)[0, 0, 1]);
        return code < 0 ? bytes.Length : from + code + 3;
    }
}
