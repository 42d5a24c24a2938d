using System.CommandLine;
using Broadcast.Host.Configuration;

namespace Broadcast.Host.Commands;

/// <summary><c>config</c>: prints or checks the effective configuration, with secrets redacted.</summary>
internal static class ConfigCommand
{
    public static Command Create()
    {
        var command = new Command("config", "Show or check the configuration");
        var print = new Command("print", "Print every option with its effective value; secrets are redacted");
        print.SetAction(CommandOutput.HandleErrors((parsed, _) =>
        {
            var configuration = ServerConfiguration.Read(CommandOutput.DataFolderOf(parsed),
                new Dictionary<string, string?>(StringComparer.Ordinal));
            var options = OptionSections.All.SelectMany(s => Flatten(s.Key, s.Value, configuration)).ToList();
            if (parsed.GetValue(CommandOutput.Json))
            {
                CommandOutput.PrintJson(options.ToDictionary(o => o.Path, o => o.Value, StringComparer.Ordinal));
            }
            else
            {
                CommandOutput.PrintTable(["option", "value"], options.Select(o => new[] { o.Path, o.Value ?? "" }));
            }

            return Task.FromResult(0);
        }));
        var check = new Command("check", "Check the configuration and report all errors; exit code 1 if there are any");
        check.SetAction(CommandOutput.HandleErrors((parsed, _) =>
        {
            ServerConfiguration.Read(CommandOutput.DataFolderOf(parsed), new Dictionary<string, string?>(StringComparer.Ordinal));
            Console.Out.WriteLine(parsed.GetValue(CommandOutput.Json) ? "{\"ok\":true}" : "The configuration is valid.");
            return Task.FromResult(0);
        }));
        command.Subcommands.Add(print);
        command.Subcommands.Add(check);
        return command;
    }

    private static IEnumerable<(string Path, string? Value)> Flatten(string path, Type type, IConfiguration configuration)
    {
        var options = configuration.GetSection(path).Get(type) ?? Activator.CreateInstance(type)!;
        foreach (var property in type.GetProperties().Where(p => p.CanWrite))
        {
            var name = $"{path}:{property.Name}";
            var value = Convert.ToString(property.GetValue(options), System.Globalization.CultureInfo.InvariantCulture);
            yield return (name, value is { Length: > 0 } ? ConfigurationCheck.Redact(name, value) : value);
        }
    }
}
