using System.Buffers.Binary;

namespace Broadcast.Media.Tests.Codecs;

/// <summary>Writes a HEVC SPS, valid unless configured otherwise (ITU-T H.265, 7.3.2.2, in its order), and a record around it.</summary>
internal sealed record HevcSps
{
    public ulong SubLayers { get; init; }
    public uint Space { get; init; }
    public bool HighTier { get; init; }
    public uint Profile { get; init; } = 1;
    public uint Compatibility { get; init; } = 0x60000000;
    public ulong Constraints { get; init; } = 0xB000_0000_0000;
    public uint Level { get; init; } = 93;
    public ulong Chroma { get; init; } = 1;
    public ulong Width { get; init; } = 1280;
    public ulong Height { get; init; } = 720;
    public (ulong Left, ulong Right, ulong Top, ulong Bottom)? Window { get; init; }
    public ulong DepthMinus8 { get; init; }
    public bool ScalingLists { get; init; }
    public ulong LongTerm { get; init; }
    public ulong[] ReferenceSets { get; init; } = [];
    public bool Vui { get; init; } = true;
    public (ulong X, ulong Y)? Aspect { get; init; }
    public (ulong Primaries, ulong Transfer, ulong Matrix)? Color { get; init; }
    public (ulong UnitsInTick, ulong TimeScale)? Timing { get; init; } = (1, 50);

    public byte[] Write()
    {
        var bits = new BitWriter().Bits(33 << 1, 8).Bits(1, 8).Bits(0, 4).Bits(SubLayers, 3).Flag(true);
        bits.Bits(Space, 2).Flag(HighTier).Bits(Profile, 5).Bits(Compatibility, 32).Bits(Constraints, 48).Bits(Level, 8);
        for (ulong i = 0; i < SubLayers; i++)
        {
            bits.Flag(true).Flag(i == 0);
        }

        bits.Bits(0, SubLayers == 0 ? 0 : (int)(16 - (2 * SubLayers)));
        for (ulong i = 0; i < SubLayers; i++)
        {
            bits.Bits(0xFF, 44).Bits(0xFF, 44).Bits(i == 0 ? 60u : 0, i == 0 ? 8 : 0);
        }

        bits.Ue(0).Ue(Chroma);
        if (Chroma == 3)
        {
            bits.Flag(false);
        }

        bits.Ue(Width).Ue(Height).Flag(Window is not null);
        if (Window is { } window)
        {
            bits.Ue(window.Left).Ue(window.Right).Ue(window.Top).Ue(window.Bottom);
        }

        bits.Ue(DepthMinus8).Ue(DepthMinus8).Ue(4).Flag(true);
        for (ulong i = 0; i <= SubLayers; i++)
        {
            bits.Ue(4).Ue(2).Ue(0);
        }

        bits.Ue(0).Ue(3).Ue(0).Ue(3).Ue(1).Ue(1).Flag(ScalingLists);
        if (ScalingLists)
        {
            WriteScalingLists(bits.Flag(true));
        }

        bits.Flag(true).Flag(true).Flag(true).Bits(0x77, 8).Ue(0).Ue(2).Flag(false);
        WriteReferenceSets(bits);
        bits.Flag(LongTerm > 0);
        if (LongTerm > 0)
        {
            bits.Ue(LongTerm);
            for (ulong i = 0; i < Math.Min(LongTerm, 40); i++)
            {
                bits.Bits(i, 8).Flag(true);
            }
        }

        bits.Flag(true).Flag(true).Flag(Vui);
        return (Vui ? WriteUsability(bits) : bits).Flag(false).ToNalUnit();
    }

    public byte[] WriteRecord() => Record(Write());

    public static byte[] Record(params byte[][] sequences) => Record(1, [[32 << 1, 1, 0x0C]], sequences, [[34 << 1, 1, 0xC1]]);

    public static byte[] Record(byte version, byte[][] video, byte[][] sequences, byte[][] frames, byte lengths = 0xF7)
    {
        var record = new List<byte> { version };
        record.AddRange(new byte[20]);
        record.AddRange([lengths, 3]);
        foreach (var (type, units) in new[] { (32, video), (33, sequences), (34, frames) })
        {
            record.AddRange([(byte)type, (byte)(units.Length >> 8), (byte)units.Length]);
            foreach (var unit in units)
            {
                var length = new byte[2];
                BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)unit.Length);
                record.AddRange([.. length, .. unit]);
            }
        }

        return [.. record];
    }

    private static void WriteScalingLists(BitWriter bits)
    {
        for (var size = 0; size < 4; size++)
        {
            for (var matrix = 0; matrix < 6; matrix += size == 3 ? 3 : 1)
            {
                if (matrix % 2 == 0)
                {
                    bits.Flag(false).Ue(0);
                    continue;
                }

                bits.Flag(true);
                if (size > 1)
                {
                    bits.Se(-3);
                }

                for (var i = 0; i < Math.Min(64, 1 << (4 + (size << 1))); i++)
                {
                    bits.Se(i % 2 == 0 ? 1 : -1);
                }
            }
        }
    }

    /// <summary>Each number refers to the preceding frames; the second and later sets are coded as differences.</summary>
    private void WriteReferenceSets(BitWriter bits)
    {
        bits.Ue((ulong)ReferenceSets.Length);
        ulong before = 0;
        for (var i = 0; i < ReferenceSets.Length; i++)
        {
            if (i > 0)
            {
                // One more than the previous set: all kept, plus the frame itself.
                bits.Flag(true).Flag(false).Ue(0);
                for (ulong j = 0; j <= before; j++)
                {
                    bits.Flag(j % 2 == 0);
                    if (j % 2 != 0)
                    {
                        bits.Flag(true);
                    }
                }

                before++;
                continue;
            }

            before = ReferenceSets[i];
            bits.Ue(before).Ue(0);
            for (ulong j = 0; j < Math.Min(before, 40); j++)
            {
                bits.Ue(0).Flag(true);
            }
        }
    }

    private BitWriter WriteUsability(BitWriter bits)
    {
        bits.Flag(Aspect is not null);
        if (Aspect is { } aspect)
        {
            bits.Bits(255, 8).Bits(aspect.X, 16).Bits(aspect.Y, 16);
        }

        bits.Flag(false).Flag(Color is not null);
        if (Color is { } color)
        {
            bits.Bits(5, 3).Flag(false).Flag(true).Bits(color.Primaries, 8).Bits(color.Transfer, 8).Bits(color.Matrix, 8);
        }

        bits.Flag(true).Ue(0).Ue(0).Bits(0, 3).Flag(true).Ue(0).Ue(0).Ue(0).Ue(0).Flag(Timing is not null);
        if (Timing is { } timing)
        {
            bits.Bits(timing.UnitsInTick, 32).Bits(timing.TimeScale, 32).Flag(false).Flag(false);
        }

        return bits.Flag(false);
    }
}
