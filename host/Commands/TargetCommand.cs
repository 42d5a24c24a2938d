using System.CommandLine;
using Broadcast.Control;
using Broadcast.Control.Secrets;
using Broadcast.Control.Targets;
using Broadcast.Database;
using Broadcast.Media.ControlToTargets;

namespace Broadcast.Host.Commands;

/// <summary><c>target add|list|set|enable|disable|delete|presets|rotate-key</c>: manages the targets of channels.</summary>
internal static class TargetCommand
{
    private static readonly Argument<string> Channel = new("CHANNEL") { Description = "Name of the channel" };
    private static readonly Argument<string> Target = new("NAME") { Description = "Name of the target" };

    private static readonly Option<string?> Url = new("--url")
    {
        Description = "Address without the stream key: rtmp://HOST/APP or rtmps://HOST/APP", HelpName = "URL",
    };

    private static readonly Option<string?> Key = new("--key")
    {
        Description = "Stream key; '-' reads it from standard input, so that it does not appear in the process list", HelpName = "KEY",
    };

    private static readonly Option<string?> Rendition = new("--rendition")
    {
        Description = $"Video to send: source, or a rung of the ladder such as 720p ({TargetRules.DefaultRendition})",
    };

    private static readonly Option<string?> Mode = new("--mode")
    {
        Description = "copy: sends a rendition as it is; steady: encodes once, with a size and frame rate that never change (copy)",
        HelpName = "MODE",
    };

    public static Command Create() => new("target", "Publish channels to other platforms, such as YouTube or Twitch")
    {
        Add(), List(), Set(), Switch("enable", "Publish to a target while the channel is on air", isEnabled: true),
        Switch("disable", "Stop publishing to a target", isEnabled: false), Delete(), Presets(), RotateKey(),
    };

    private static Command Add()
    {
        var eventId = new Option<string?>("--event") { Description = "Publish only while this event is live", HelpName = "EVENT" };
        var disabled = new Option<bool>("--disabled") { Description = "Add it without publishing" };
        var add = new Command("add", "Add a target to a channel; it is published at once if the channel is on air")
        {
            Channel, Target, Url, Key, Mode, Rendition, eventId, disabled,
        };
        add.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var request = Request(parsed) with
            {
                Name = parsed.GetValue(Target), Event = parsed.GetValue(eventId), Enabled = !parsed.GetValue(disabled),
            };
            Report(parsed, "added", await Repository(parsed, database).AddAsync(parsed.GetValue(Channel)!, request, cancellationToken));
        }));
        return add;
    }

    private static Command List()
    {
        var list = new Command("list", "List the targets of a channel with their states, without their stream keys") { Channel };
        list.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var targets = await Repository(parsed, database).ListAsync(parsed.GetValue(Channel)!, cancellationToken);
            if (parsed.GetValue(CommandOutput.Json))
            {
                CommandOutput.PrintJson(targets.Select(Row));
                return;
            }

            CommandOutput.PrintTable(["name", "url", "mode", "rendition", "event", "state", "reason"], targets.Select(target => new[]
            {
                target.Name, target.Url, TargetRules.Name(target.Mode), target.Mode == TargetMode.Steady ? "" : target.Rendition,
                target.Event ?? "", State(target), target.Status.Reason ?? "",
            }));
        }));
        return list;
    }

    private static Command Set()
    {
        var name = new Option<string?>("--name") { Description = "New name", HelpName = "NAME" };
        var set = new Command("set", "Change a target. Options not given stay unchanged; a new address needs its key")
        {
            Channel, Target, name, Url, Key, Mode, Rendition,
        };
        set.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
            Report(parsed, "changed", await Repository(parsed, database).ChangeAsync(parsed.GetValue(Channel)!, parsed.GetValue(Target)!,
                Request(parsed) with { Name = parsed.GetValue(name) }, cancellationToken))));
        return set;
    }

    private static Command Switch(string verb, string description, bool isEnabled)
    {
        var command = new Command(verb, description) { Channel, Target };
        command.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
            Report(parsed, isEnabled ? "enabled" : "disabled", await Repository(parsed, database).ChangeAsync(parsed.GetValue(Channel)!,
                parsed.GetValue(Target)!, new(Enabled: isEnabled), cancellationToken))));
        return command;
    }

    private static Command Delete()
    {
        var delete = new Command("delete", "Delete a target and end its connection") { Channel, Target };
        delete.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            await Repository(parsed, database).DeleteAsync(parsed.GetValue(Channel)!, parsed.GetValue(Target)!, cancellationToken);
            ChannelCommand.Report(parsed, new { deleted = parsed.GetValue(Target) }, $"Target '{parsed.GetValue(Target)}' deleted.");
        }));
        return delete;
    }

    private static Command Presets()
    {
        var presets = new Command("presets", "List platforms with their addresses and limits");
        presets.SetAction(CommandOutput.HandleErrors((parsed, _) =>
        {
            if (parsed.GetValue(CommandOutput.Json))
            {
                CommandOutput.PrintJson(TargetPresets.All);
                return Task.FromResult(0);
            }

            CommandOutput.PrintTable(["platform", "url", "maximum", "stream key"], TargetPresets.All.Select(preset => new[]
            {
                preset.Name, preset.Url.Length > 0 ? preset.Url : "from the platform",
                preset.MaxBitsPerSecond is { } bits ? $"{preset.MaxHeight}p, {bits / 1_000_000} Mbit/s" : "", preset.KeyHelp,
            }));
            return Task.FromResult(0);
        }));
        return presets;
    }

    private static Command RotateKey()
    {
        var rotate = new Command("rotate-key",
            $"Encrypt the stream keys of all targets with a new key in the data folder, or with the first of Control:SecretKeys");
        rotate.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var (encrypted, unreadable) = await Repository(parsed, database).RotateAsync(cancellationToken);
            ChannelCommand.Report(parsed, new { encrypted, unreadable }, unreadable.Count == 0
                ? $"{encrypted} stream keys were encrypted with the new key."
                : $"{encrypted} stream keys were encrypted with the new key. This server does not have the key of: "
                + $"{string.Join(", ", unreadable)}. Enter these stream keys again with 'target set'.");
        }));
        return rotate;
    }

    private static TargetRequest Request(ParseResult parsed) => new(
        Url: parsed.GetValue(Url), StreamKey: parsed.GetValue(Key) is "-" ? Console.In.ReadLine()?.Trim() is { Length: > 0 } key ? key
            : throw new OperationException([new("streamKey", "Standard input has no stream key.")]) : parsed.GetValue(Key),
        Rendition: parsed.GetValue(Rendition), Mode: parsed.GetValue(Mode));

    private static void Report(ParseResult parsed, string what, TargetInfo target) => ChannelCommand.Report(parsed, Row(target),
        $"Target '{target.Name}' {what}: {target.Url}, {State(target)}{(target.Status.Reason is { } reason ? $" ({reason.TrimEnd('.')})" : "")}.");

    private static string State(TargetInfo target) => TargetRules.Name(target.Status.State);

    private static object Row(TargetInfo target) => new
    {
        name = target.Name, url = target.Url, rendition = target.Rendition, mode = TargetRules.Name(target.Mode), @event = target.Event,
        enabled = target.Enabled, state = State(target), reason = target.Status.Reason, since = target.Status.Since,
        nextAttemptAt = target.Status.NextAttempt,
    };

    private static TargetRepository Repository(ParseResult parsed, ServerDatabase database)
    {
        var folder = CommandOutput.DataFolderOf(parsed);
        return new(database, new SecretProtector(folder, () => CommandDatabase.Control(folder).SecretKeyList), TimeProvider.System);
    }
}
