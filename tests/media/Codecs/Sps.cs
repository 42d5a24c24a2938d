namespace Broadcast.Media.Tests.Codecs;

/// <summary>Writes an H.264 SPS, valid unless configured otherwise (ITU-T H.264, 7.3.2.1.1, in its order).</summary>
internal sealed record Sps
{
    public byte Profile { get; init; } = 66;
    public ulong Id { get; init; }
    public ulong Chroma { get; init; } = 1;
    public ulong OrderCountType { get; init; }
    public ulong OrderCountCycle { get; init; }
    public int OrderCountOffsets { get; init; }
    public ulong WidthBlocks { get; init; } = 20;
    public ulong HeightBlocks { get; init; } = 12;
    public bool FramesOnly { get; init; } = true;
    public (ulong Left, ulong Right, ulong Top, ulong Bottom)? Crop { get; init; }
    public bool Vui { get; init; } = true;
    public (ulong Index, ulong X, ulong Y)? Aspect { get; init; }
    public bool FullRange { get; init; }
    public (ulong UnitsInTick, ulong TimeScale)? Timing { get; init; } = (1, 60);

    public byte[] Write() => Body(out _).ToNalUnit();

    /// <summary>A record with the SPS and a PPS.</summary>
    public byte[] WriteRecord()
    {
        var set = Write();
        return [1, Profile, 0, 30, 0xFF, 0xE1, 0, (byte)set.Length, .. set, 1, 0, 4, 0x68, 0xCE, 0x0F, 0xC8];
    }

    /// <summary>The bytes without their stop bit, and the bit position of the VUI.</summary>
    public BitWriter Body(out int vuiStart)
    {
        var bits = new BitWriter().Bits(0x67, 8).Bits(Profile, 8).Bits(0, 8).Bits(30, 8).Ue(Id);
        if (Profile == 100)
        {
            bits.Ue(Chroma);
            if (Chroma == 3)
            {
                bits.Flag(false);
            }

            bits.Ue(0).Ue(0).Flag(false).Flag(false);
        }

        bits.Ue(0).Ue(OrderCountType);
        switch (OrderCountType)
        {
            case 0:
                bits.Ue(0);
                break;
            case 1:
                bits.Flag(false).Se(-3).Se(7).Ue(OrderCountCycle);
                for (var i = 0; i < OrderCountOffsets; i++)
                {
                    bits.Se(i);
                }

                break;
        }

        bits.Ue(1).Flag(false).Ue(WidthBlocks - 1).Ue(HeightBlocks - 1).Flag(FramesOnly);
        if (!FramesOnly)
        {
            bits.Flag(false);
        }

        bits.Flag(true).Flag(Crop is not null);
        if (Crop is { } crop)
        {
            bits.Ue(crop.Left).Ue(crop.Right).Ue(crop.Top).Ue(crop.Bottom);
        }

        bits.Flag(Vui);
        vuiStart = bits.Count;
        return Vui ? Usability(bits) : bits;
    }

    private BitWriter Usability(BitWriter bits)
    {
        bits.Flag(Aspect is not null);
        if (Aspect is { } aspect)
        {
            bits.Bits(aspect.Index, 8);
            if (aspect.Index == 255)
            {
                bits.Bits(aspect.X, 16).Bits(aspect.Y, 16);
            }
        }

        bits.Flag(false).Flag(FullRange);
        if (FullRange)
        {
            bits.Bits(5, 3).Flag(true).Flag(false);
        }

        bits.Flag(false).Flag(Timing is not null);
        if (Timing is { } timing)
        {
            bits.Bits(timing.UnitsInTick, 32).Bits(timing.TimeScale, 32).Flag(true);
        }

        return bits.Flag(false).Flag(false).Flag(false).Flag(false);
    }
}
