using System.Text.RegularExpressions;
using Broadcast.Database;

namespace Broadcast.Control.Identity;

/// <summary>User account.</summary>
/// <param name="Name">Login name.</param>
/// <param name="DisplayName">Display name; may be empty.</param>
/// <param name="Role">Role of the user.</param>
/// <param name="HasTotp">Whether a login requires an authenticator code.</param>
/// <param name="CreatedAt">Creation time.</param>
/// <param name="PasswordChangedAt">Time of the last password change.</param>
/// <param name="LastLoginAt">Time of the last login.</param>
/// <param name="DisabledAt">Time since which the user is disabled.</param>
public sealed record UserInfo(
    string Name, string DisplayName, TokenRole Role, bool HasTotp, DateTimeOffset CreatedAt, DateTimeOffset PasswordChangedAt,
    DateTimeOffset? LastLoginAt, DateTimeOffset? DisabledAt);

/// <summary>Requested changes of a user; <see langword="null"/> keeps a value.</summary>
/// <param name="DisplayName">Display name.</param>
/// <param name="Role">Role, effective from the next request.</param>
/// <param name="IsDisabled">Whether the user is disabled; that ends all logins at once.</param>
public sealed record UserChange(string? DisplayName = null, TokenRole? Role = null, bool? IsDisabled = null);

/// <summary>Rules for users, names and passwords.</summary>
public static partial class UserRules
{
    /// <summary>Minimum password length, in characters. There are no rules on character classes.</summary>
    public const int MinPassword = 12;

    /// <summary>Maximum password length.</summary>
    public const int MaxPassword = 200;

    private const int MaxDisplayName = 200;
    private const int MinDistinct = 5;

    /// <summary>Validates a new user.</summary>
    internal static IEnumerable<ValidationError> Validate(string? name, string? displayName)
    {
        if (name is not null && !Name().IsMatch(name))
        {
            yield return new("name",
                "A user name must be 1 to 64 characters of a-z, 0-9 and . _ @ + -, beginning and ending with a letter or digit.");
        }

        if (displayName is not null && (displayName.Length > MaxDisplayName || displayName.Any(char.IsControl)))
        {
            yield return new("displayName", $"A display name must be at most {MaxDisplayName} characters, without control characters.");
        }
    }

    /// <summary>Validates a new password (NIST SP 800-63B: length, and no easily guessed values; no composition rules).</summary>
    internal static IEnumerable<ValidationError> ValidatePassword(string? name, string? password)
    {
        if (password is null)
        {
            yield break;
        }

        if (password.Length is < MinPassword or > MaxPassword)
        {
            yield return new("password", $"A password must be {MinPassword} to {MaxPassword} characters; a sentence works well.");
        }
        else if (name is { Length: >= 3 } && password.Contains(name, StringComparison.OrdinalIgnoreCase))
        {
            yield return new("password", "The password must not contain the user name, which is easy to guess.");
        }
        else if (password.Distinct().Count() < MinDistinct)
        {
            yield return new("password", $"The password must have at least {MinDistinct} different characters.");
        }
        else if (HasLoneSurrogate(password))
        {
            yield return new("password", "The password is not valid Unicode text.");
        }
    }

    /// <summary>Normalizes a name for storage.</summary>
    internal static string Normalize(string name) => name.Trim().ToLowerInvariant();

    /// <summary>Throws when there are errors.</summary>
    internal static void ThrowIfInvalid(IEnumerable<ValidationError> errors)
    {
        if (errors.ToList() is { Count: > 0 } list)
        {
            throw new OperationException(list);
        }
    }

    /// <summary>Returns whether a text contains a lone surrogate and is invalid.</summary>
    internal static bool HasLoneSurrogate(string text)
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
