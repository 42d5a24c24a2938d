using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Broadcast.Control.Identity;

/// <summary>
/// Secret of the form <c>id_secret</c>: 8 and 32 characters of lower-case base 32 (Crockford's alphabet: no i, l, o, u), so 160 random
/// bits. A double-click selects it whole, and it needs no escaping in URLs and forms. Stored are the id, for lookup, and the SHA-256 of the
/// secret; with that many random bits a slow hash adds nothing.
/// </summary>
internal readonly record struct Secret(string Id, byte[] Hash)
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int IdLength = 8;
    private const int SecretLength = 32;

    /// <summary>Creates a secret.</summary>
    /// <param name="text">Whole secret, to be shown once.</param>
    public static Secret New(out string text)
    {
        var id = RandomNumberGenerator.GetString(Alphabet, IdLength);
        var secret = RandomNumberGenerator.GetString(Alphabet, SecretLength);
        text = $"{id}_{secret}";
        return new(id, HashOf(secret));
    }

    /// <summary>Parses a secret; <see langword="false"/> when its format is invalid, so that no lookup is needed.</summary>
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

    /// <summary>Compares with the stored hash in constant time.</summary>
    public bool Matches(byte[] hash) => CryptographicOperations.FixedTimeEquals(Hash, hash);

    /// <summary>The id, never the hash.</summary>
    public override string ToString() => Id;

    internal static byte[] HashOf(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
