using System.CommandLine;
using System.CommandLine.Parsing;

namespace Broadcast.Host.Commands;

/// <summary>Earlier names of commands and options, for messages that state the current name.</summary>
internal static class RenamedCommands
{
    private static readonly Dictionary<string, string> Commands =
        new(StringComparer.Ordinal) { ["viewer"] = "viewer-token", ["viewer key"] = "viewer-key" };

    private static readonly (string Command, string Name, string CurrentName)[] Options =
    [
        ("channel create", "--rewind", "--dvr-window"),
        ("channel set", "--rewind", "--dvr-window"),
        ("recording lifecycle", "--slack", "--margin"),
        ("webhook set", "--state", "--enabled"),
        ("load publish", "--chunk", "--chunk-size"),
    ];

    /// <summary>Gets the error for a command line with an earlier name; <see langword="null"/> if there is none.</summary>
    /// <param name="parsed">The parsed command line; a valid one has no such error.</param>
    public static string? FindError(ParseResult parsed)
    {
        if (parsed.Errors.Count == 0)
        {
            return null;
        }

        var start = parsed.Tokens.TakeWhile(token => token.Type != TokenType.Command).ToList()
            .FindIndex(token => parsed.UnmatchedTokens.Contains(token.Value, StringComparer.Ordinal));
        if (start >= 0)
        {
            // After an unknown command, the parser takes the next known word for the command.
            var name = parsed.Tokens[start].Value;
            var longName = $"{name} {parsed.Tokens.ElementAtOrDefault(start + 1)?.Value}";
            return Commands.TryGetValue(longName, out var currentName) ? $"The command '{longName}' was renamed to '{currentName}'."
                : Commands.TryGetValue(name, out currentName) ? $"The command '{name}' was renamed to '{currentName}'."
                : null;
        }

        // The parser takes an unknown option for an argument of the command if one is missing.
        var path = PathOf(parsed.CommandResult);
        var words = parsed.Tokens.Where(token => token.Type == TokenType.Argument).Select(token => token.Value.Split('=', ':')[0])
            .ToHashSet(StringComparer.Ordinal);
        return Options.FirstOrDefault(o => o.Command == path && words.Contains(o.Name))
            is { Name: { } option, CurrentName: var currentOption }
            ? $"The option {option} of '{path}' was renamed to {currentOption}."
            : null;
    }

    private static string PathOf(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{PathOf(parent)} {result.Command.Name}".TrimStart() : "";
}
