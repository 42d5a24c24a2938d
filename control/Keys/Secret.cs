using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Broadcast.Control;

/// <summary>
/// A secret of the form <c>id_secret</c>: 8 and 32 characters of lower-case base 32 (Crockford's alphabet: no i, l, o, u), so 160 random bits. One double-click
/// selects it, it stands in URLs and forms as it is. Stored is the id, to find it by, and the SHA-256 of the secret: with that many random bits a slow hash adds nothing.
/// </summary>
internal readonly record struct Secret(string Id, byte[] Hash)
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int IdLength = 8;
    private const int SecretLength = 32;

    /// <summary>Makes a new one.</summary>
    /// <param name="text">The whole secret, to be shown once.</param>
    public static Secret New(out string text)
    {
        var id = RandomNumberGenerator.GetString(Alphabet, IdLength);
        var secret = RandomNumberGenerator.GetString(Alphabet, SecretLength);
        text = $"{id}_{secret}";
        return new(id, HashOf(secret));
    }

    /// <summary>Takes one apart; <see langword="false"/> when it has not the form, so that nobody need be asked about it.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Secret secret)
    {
        secret = default;
        if (text is not { Length: IdLength + 1 + SecretLength } || text[IdLength] != '_')
        {
            return false;
        }

        for (var i = 0; i < text.Length; i++)
        {
            if (i != IdLength && !Alphabet.Contains(text[i], StringComparison.Ordinal))
            {
                return false;
            }
        }

        secret = new(text[..IdLength], HashOf(text[(IdLength + 1)..]));
        return true;
    }

    /// <summary>Compares with what is stored, in the same time whatever the difference.</summary>
    public bool Matches(byte[] hash) => CryptographicOperations.FixedTimeEquals(Hash, hash);

    /// <summary>The id: never the hash.</summary>
    public override string ToString() => Id;

    internal static byte[] HashOf(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
