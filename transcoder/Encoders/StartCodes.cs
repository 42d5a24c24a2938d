using System.Buffers.Binary;
using Broadcast.Media;
using Broadcast.Transcoder.Nut;

namespace Broadcast.Transcoder.Encoders;

/// <summary>H.264 as encoders give it, with start codes between NAL units (ITU-T H.264, annex B), made into what files carry (ISO/IEC 14496-15).</summary>
internal static class StartCodes
{
    private const int SequenceSet = 7;
    private const int PictureSet = 8;
    private const int Delimiter = 9;

    /// <summary>How what comes out of an encoder is configured.</summary>
    /// <param name="header">Its header, which has the parameter sets unless they stand before the first frame.</param>
    /// <param name="first">The first frame.</param>
    /// <exception cref="InvalidCodecConfigException">There are no parameter sets, or they are broken.</exception>
    public static CodecConfig ConfigurationOf(NutStream header, ReadOnlyMemory<byte> first) => Configuration(header.Private.IsEmpty ? first.Span : header.Private.Span);

    /// <summary>An AVCDecoderConfigurationRecord from the parameter sets among NAL units.</summary>
    /// <exception cref="InvalidCodecConfigException">There are none, or they are broken.</exception>
    public static CodecConfig.Avc Configuration(ReadOnlySpan<byte> bytes)
    {
        List<byte[]> sequenceSets = [], pictureSets = [];
        foreach (var range in Units(bytes))
        {
            var unit = bytes[range];
            (Type(unit) switch { SequenceSet => sequenceSets, PictureSet => pictureSets, _ => null })?.Add(unit.ToArray());
        }

        if (sequenceSets.Count is 0 or > 31 || pictureSets.Count is 0 or > 255 || sequenceSets[0].Length < 4)
        {
            throw new InvalidCodecConfigException("An encoder's header has no parameter sets.");
        }

        List<byte> record = [1, .. sequenceSets[0].AsSpan(1, 3), 0xff, (byte)(0xe0 | sequenceSets.Count)];
        Add(record, sequenceSets);
        record.Add((byte)pictureSets.Count);
        Add(record, pictureSets);
        return CodecConfig.Avc.Parse(record.ToArray());
    }

    /// <summary>An access unit with lengths of four bytes in place of start codes, without parameter sets and delimiters, which the configuration and the container make superfluous.</summary>
    /// <param name="bytes">The access unit.</param>
    /// <param name="before">What stands before it in the result, with lengths already.</param>
    public static byte[] ToLengths(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> before = default)
    {
        var units = Units(bytes);
        var length = before.Length;
        foreach (var range in units)
        {
            length += IsKept(bytes[range]) ? 4 + bytes[range].Length : 0;
        }

        var converted = new byte[length];
        before.CopyTo(converted);
        var at = before.Length;
        foreach (var range in units)
        {
            var unit = bytes[range];
            if (IsKept(unit))
            {
                BinaryPrimitives.WriteInt32BigEndian(converted.AsSpan(at), unit.Length);
                unit.CopyTo(converted.AsSpan(at + 4));
                at += 4 + unit.Length;
            }
        }

        return converted;
    }

    /// <summary>Parameter sets, with lengths of four bytes, for a keyframe whose decoder may have others. Empty where the codec has none of this kind.</summary>
    public static byte[] ParameterSetsOf(CodecConfig configuration) => configuration is CodecConfig.Avc avc
        ? [.. avc.Configuration.SequenceParameterSets.Concat(avc.Configuration.PictureParameterSets).SelectMany(set => (byte[])[0, 0, (byte)(set.Length >> 8), (byte)set.Length, .. set.Span])]
        : [];

    private static bool IsKept(ReadOnlySpan<byte> unit) => Type(unit) is not (SequenceSet or PictureSet or Delimiter);

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

    /// <summary>Where the units lie, without start codes and the zeros before them; none is empty.</summary>
    private static List<Range> Units(ReadOnlySpan<byte> bytes)
    {
        var units = new List<Range>();
        var start = Next(bytes, 0);
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

    private static int Next(ReadOnlySpan<byte> bytes, int from)
    {
        var code = bytes[from..].IndexOf((ReadOnlySpan<byte>)[0, 0, 1]);
        return code < 0 ? bytes.Length : from + code + 3;
    }
}
