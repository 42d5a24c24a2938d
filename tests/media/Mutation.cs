namespace Broadcast.Media.Tests;

/// <summary>Corrupts valid bytes, deterministically for a seed.</summary>
internal static class Mutation
{
    public static byte[] Of(byte[][] seeds, Random random)
    {
        List<byte> bytes = [.. seeds[random.Next(seeds.Length)]];
        for (var count = random.Next(1, 4); count > 0; count--)
        {
            var at = bytes.Count == 0 ? 0 : random.Next(bytes.Count);
            switch (bytes.Count == 0 ? 4 : random.Next(8))
            {
                case 0 or 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 3:
                    bytes[at] = random.Next(2) == 0 ? (byte)0 : (byte)0xFF;
                    break;
                case 4:
                    bytes.Insert(at, (byte)random.Next(256));
                    break;
                case 5:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 8), bytes.Count - at));
                    break;
                case 6:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 7:
                    bytes.InsertRange(at, new byte[random.Next(1, 40)]);
                    break;
            }
        }

        return [.. bytes];
    }
}
