namespace Broadcast.Media.Tests.Codecs;

/// <summary>Writes an AV1 sequence header (AV1, 5.5.1, in its order), and a record around it.</summary>
internal sealed record Av1Sequence
{
    public ulong Profile { get; init; }
    public bool Still { get; init; }
    public (ulong UnitsInTick, ulong TimeScale, ulong Ticks)? Timing { get; init; }
    public bool DecoderModel { get; init; }
    public bool DisplayDelay { get; init; }
    public (ulong Level, bool High)[] Points { get; init; } = [(8, false)];
    public ulong Width { get; init; } = 1920;
    public ulong Height { get; init; } = 1080;
    public bool FrameIds { get; init; }
    public bool OrderHint { get; init; } = true;
    public ulong ScreenTools { get; init; } = 2;
    public int Depth { get; init; } = 8;
    public bool Mono { get; init; }
    public (ulong Primaries, ulong Transfer, ulong Matrix)? Color { get; init; }
    public bool FullRange { get; init; }
    public ulong Position { get; init; }

    public byte[] Write()
    {
        var bits = new BitWriter().Bits(Profile, 3).Flag(Still).Flag(Still);
        if (Still)
        {
            bits.Bits(Points[0].Level, 5);
        }
        else
        {
            WritePoints(bits);
        }

        bits.Bits(15, 4).Bits(15, 4).Bits(Width - 1, 16).Bits(Height - 1, 16);
        if (!Still)
        {
            bits.Flag(FrameIds).Bits(0, FrameIds ? 7 : 0);
        }

        bits.Bits(7, 3);
        if (!Still)
        {
            bits.Bits(15, 4).Flag(OrderHint).Bits(3, OrderHint ? 2 : 0).Flag(ScreenTools == 2);
            if (ScreenTools != 2)
            {
                bits.Flag(ScreenTools == 1);
            }

            if (ScreenTools > 0)
            {
                bits.Flag(false).Flag(true);
            }

            bits.Bits(6, OrderHint ? 3 : 0);
        }

        WriteColors(bits.Bits(7, 3));
        return bits.Flag(false).Flag(true).ToArray();
    }

    /// <summary>The header as an OBU of a stream.</summary>
    public byte[] Unit()
    {
        var payload = Write();
        return [0x0A, (byte)payload.Length, .. payload];
    }

    public byte[] WriteRecord() => [0x81, (byte)((Profile << 5) | Points[0].Level), 0x0C, 0, .. Unit()];

    private void WritePoints(BitWriter bits)
    {
        bits.Flag(Timing is not null);
        if (Timing is { } timing)
        {
            bits.Bits(timing.UnitsInTick, 32).Bits(timing.TimeScale, 32).Flag(timing.Ticks > 0);
            if (timing.Ticks > 0)
            {
                bits.Ue(timing.Ticks - 1);
            }

            bits.Flag(DecoderModel).Bits(9, DecoderModel ? 5 : 0).Bits(1, DecoderModel ? 32 : 0).Bits(0, DecoderModel ? 10 : 0);
        }

        bits.Flag(DisplayDelay).Bits((ulong)Points.Length - 1, 5);
        foreach (var (level, high) in Points)
        {
            bits.Bits(0, 12).Bits(level, 5).Bits(high ? 1u : 0, level > 7 ? 1 : 0);
            if (Timing is not null && DecoderModel)
            {
                bits.Flag(true).Bits(0x3FF, 10).Bits(0x3FF, 10).Flag(true);
            }

            if (DisplayDelay)
            {
                bits.Flag(true).Bits(9, 4);
            }
        }
    }

    private void WriteColors(BitWriter bits)
    {
        bits.Flag(Depth > 8);
        if (Profile == 2 && Depth > 8)
        {
            bits.Flag(Depth == 12);
        }

        if (Profile != 1)
        {
            bits.Flag(Mono);
        }

        bits.Flag(Color is not null);
        if (Color is { } color)
        {
            bits.Bits(color.Primaries, 8).Bits(color.Transfer, 8).Bits(color.Matrix, 8);
        }

        if (Mono || Color != (1, 13, 0))
        {
            bits.Flag(FullRange);
        }

        if (Profile == 2 && Depth == 12 && !Mono)
        {
            bits.Flag(true).Flag(true);
        }

        if (!Mono && (Profile == 0 || Depth == 12))
        {
            bits.Bits(Position, 2);
        }
    }
}
