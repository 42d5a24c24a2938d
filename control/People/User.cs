using System.Text.RegularExpressions;

namespace Broadcast.Control;

/// <summary>A person who may log in.</summary>
/// <param name="Name">By which they log in.</param>
/// <param name="DisplayName">What people call them; may be empty.</param>
/// <param name="Role">What they may do.</param>
/// <param name="HasTotp">Whether their login asks for a code of an authenticator.</param>
/// <param name="CreatedAt">When they were made.</param>
/// <param name="PasswordChangedAt">When their password was last set.</param>
/// <param name="LastLoginAt">When they last logged in.</param>
/// <param name="DisabledAt">Since when they may not.</param>
public sealed record UserInfo(
    string Name, string DisplayName, TokenRole Role, bool HasTotp, DateTimeOffset CreatedAt, DateTimeOffset PasswordChangedAt, DateTimeOffset? LastLoginAt, DateTimeOffset? DisabledAt);

/// <summary>What to change of a user; <see langword="null"/> leaves it as it is.</summary>
/// <param name="DisplayName">What people call them.</param>
/// <param name="Role">What they may do, from their next request on.</param>
/// <param name="IsDisabled">Whether they may not log in; that ends their logins at once.</param>
public sealed record UserChange(string? DisplayName = null, TokenRole? Role = null, bool? IsDisabled = null);

/// <summary>What users, their names and passwords may be.</summary>
public static partial class UserRules
{
    /// <summary>Shortest password, in characters. Length is what counts; nothing is asked about which characters.</summary>
    public const int MinPassword = 12;

    /// <summary>Longest password.</summary>
    public const int MaxPassword = 200;

    private const int MaxDisplayName = 200;
    private const int FewestDistinct = 5;

    /// <summary>What is wrong with a new user.</summary>
    internal static IEnumerable<Mistake> Mistakes(string? name, string? displayName)
    {
        if (name is not null && !Name().IsMatch(name))
        {
            yield return new("name", "A user's name has 1 to 64 of a-z, 0-9 and . _ @ + -, and begins and ends with a letter or digit.");
        }

        if (displayName is not null && (displayName.Length > MaxDisplayName || displayName.Any(char.IsControl)))
        {
            yield return new("displayName", $"A display name has at most {MaxDisplayName} characters, none of them a control character.");
        }
    }

    /// <summary>What is wrong with a new password of somebody (NIST SP 800-63B: length, and nothing that is guessed first; no rules of composition).</summary>
    internal static IEnumerable<Mistake> PasswordMistakes(string? name, string? password)
    {
        if (password is null)
        {
            yield break;
        }

        if (password.Length is < MinPassword or > MaxPassword)
        {
            yield return new("password", $"A password has {MinPassword} to {MaxPassword} characters; a sentence is good.");
        }
        else if (name is { Length: >= 3 } && password.Contains(name, StringComparison.OrdinalIgnoreCase))
        {
            yield return new("password", "The password holds the user's name, which is what is guessed first.");
        }
        else if (password.Distinct().Count() < FewestDistinct)
        {
            yield return new("password", $"The password has fewer than {FewestDistinct} different characters.");
        }
        else if (HasHalfCharacter(password))
        {
            yield return new("password", "The password is no text.");
        }
    }

    /// <summary>A name as it is kept.</summary>
    internal static string Normal(string name) => name.Trim().ToLowerInvariant();

    /// <summary>Refuses what has mistakes.</summary>
    internal static void Refuse(IEnumerable<Mistake> mistakes)
    {
        if (mistakes.ToList() is { Count: > 0 } found)
        {
            throw new ControlException(found);
        }
    }

    /// <summary>Whether a text has half a character (a lone surrogate), so that it is none.</summary>
    internal static bool HasHalfCharacter(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(text[i]))
            {
                return true;
            }
        }

        return false;
    }

    [GeneratedRegex(@"^[a-z0-9](?:[a-z0-9._@+\-]{0,62}[a-z0-9])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
